globalThis.korrigoShell = 'post';
require('./index.js');
