/** The bundle is one file; `dist/post.js` and `dist/cli.js` say which of its shells they are, and only that one is loaded. */
const shells = {
  action: async () => await import(/* webpackMode: "eager" */ './action.ts'),
  post: async () => await import(/* webpackMode: "eager" */ './post.ts'),
  cli: async () => await import(/* webpackMode: "eager" */ './cli.ts'),
};

declare global {
  var korrigoShell: keyof typeof shells | undefined;
}

shells[globalThis.korrigoShell ?? 'action']().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

export {};
