/** Small applications of every kind that is found in the world. Each is deployed as it is, and plain Compose says what it means. */

import type { InputTexts } from '../../src/config/inputs.ts';

export type Case = {
  /** In git. */
  readonly files: Readonly<Record<string, string>>;
  readonly inputs?: InputTexts;
  /** Only on the server, at its path in the repository. */
  readonly shared?: Readonly<Record<string, string>>;
};

const service = (...lines: readonly string[]): string =>
  `services:\n  web:\n    image: nginx\n${lines.map((line) => `    ${line}\n`).join('')}`;

export const cases: Readonly<Record<string, Case>> = {
  'values of every form': {
    files: {
      'compose.yml': service(
        'environment:',
        "  QUOTES: 'it''s \"here\"'",
        '  DOLLARS: "a$$b $${C}"',
        '  LINES: |2',
        '',
        '      first',
        '    second',
        '  FOLDED: >-',
        '    one',
        '    two',
        '  NUMBER: 007',
        '  FLAG: yes',
        '  EMPTY: ""',
        '  NOTHING:',
        '  DEFAULT: "${UNSET:-${OTHER:-deep}}"',
        '  SET: "${VALUE:+set}"',
        '  EMOJI: "\\U0001F600 \\x41"',
        'command: ["sh", "-c", "\\n set -e\\n"]',
      ),
    },
    shared: { '.env': "VALUE='$x'\nNOTHING=here\n" },
  },
  'env files, one after the other': {
    files: {
      'compose.yml': service(
        'env_file: [a.env, conf/b.env, {path: none.env, required: false}]',
        'environment: {C: "${C}"}',
      ),
      'a.env': "A='$a'\nB=a\n",
    },
    shared: { 'conf/b.env': 'B="b\\nb"\n', '.env': 'C="it\'s"\n' },
  },
  'mounts in every form': {
    files: {
      'compose.yml': `${service(
        'volumes:',
        '  - ./conf:/conf:ro',
        '  - ./conf/a.conf:/a.conf:ro',
        '  - "${DATA:-./data}:/data"',
        '  - ../beside:/beside',
        '  - ${PWD}/logs:/logs',
        '  - named:/named',
        '  - /srv/absolute:/absolute',
        '  - {type: bind, source: "./b c", target: /b, bind: {propagation: rslave}}',
        '  - {type: tmpfs, target: /tmp, tmpfs: {size: 1m}}',
        'configs: [{source: site, target: /site.conf, mode: 0440}]',
        'secrets: [key]',
      )}volumes: {named: {}}\nconfigs: {site: {file: ./conf/a.conf}}\nsecrets: {key: {file: ./secrets/key}}\n`,
      'conf/a.conf': 'a',
    },
    shared: { 'secrets/key': 'k' },
  },
  'volumes that bind folders': {
    files: {
      'compose.yml': `${service('volumes: ["pg:/data"]')}volumes: {pg: {driver: local, driver_opts: {type: none, o: bind, device: ./data/pg}}}\n`,
    },
  },
  'include and extends, by variables': {
    files: {
      'compose.yml': `include: ["\${STACK:-prod}/compose.yml"]\nservices:\n  web:\n    extends: {file: "\${BASE:-base}.yml", service: base}\n    environment: {A: "1"}\n`,
      'base.yml': 'services: {base: {image: nginx, env_file: base.env, volumes: ["./base:/base:ro"]}}\n',
      'base.env': 'B=2\n',
      'base/x': 'x',
      'prod/compose.yml': 'services: {cache: {image: redis, volumes: ["./cache:/cache"], env_file: c.env}}\n',
      'prod/c.env': 'C=3\n',
    },
  },
  'an override beside the file': {
    files: {
      'docker-compose.yml': service('labels: {a: b}', 'ports: ["8080:80"]'),
      'docker-compose.override.yml': 'services: {web: {labels: ["c=d"], ports: ["8443:443"]}, db: {image: db}}\n',
    },
  },
  'files, project and profiles in .env': {
    files: {
      '.env': 'COMPOSE_PROJECT_NAME=own-name\nCOMPOSE_FILE=compose.yml:more.yml\nCOMPOSE_PROFILES=jobs\n',
      'compose.yml': `name: other\n${service('volumes: ["data:/data"]')}volumes: {data: {}}\n`,
      'more.yml': 'services: {job: {image: job, profiles: [jobs]}, off: {image: off, profiles: [debug]}}\n',
    },
  },
  'anchors, aliases and merge keys': {
    files: {
      'compose.yml': `x-env: &env {A: "1", B: "2"}
x-app: &app
  image: app
  environment: &more
    <<: *env
    B: "3"
  logging: {driver: json-file, options: {max-size: 10m}}
services:
  a: *app
  b: {<<: *app, environment: {<<: [*more, *env], C: "4"}}
  c: {<<: *app, command: &c [x, y]}
  d: {image: d, command: *c}
`,
    },
  },
  'several documents': {
    files: {
      'compose.yml': `${service('environment: {A: "1"}')}---\nservices:\n  web:\n    environment: {B: "2"}\n  db: {image: db}\n`,
    },
  },
  'an optional dependency that is off': {
    files: {
      'compose.yml': `${service('depends_on: {extra: {condition: service_started, required: false}, db: {condition: service_healthy}}')}  db: {image: db, healthcheck: {test: ["CMD", "true"]}}
  extra: {image: extra, profiles: [more]}
`,
    },
  },
  'networks, and shared containers': {
    files: {
      'compose.yml': `${service('networks: {front: {aliases: [www]}, default: null}')}  agent: {image: agent, network_mode: "service:web"}
  backup: {image: backup, volumes_from: ["web:ro"], pid: "service:agent"}
networks: {front: {ipam: {config: [{subnet: 172.30.0.0/24}]}, labels: {a: "b: c"}}}
`,
    },
  },
  'limits, devices and a security profile': {
    files: {
      'compose.yml': service(
        'deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 64m}}}',
        'security_opt: ["seccomp:./infra/p.json", "no-new-privileges:true"]',
        'ulimits: {nofile: {soft: 100, hard: 200}}',
        'sysctls: {net.core.somaxconn: 1024}',
        'cap_drop: [ALL]',
        'stop_grace_period: 90s',
        'tmpfs: [/run]',
      ),
      'infra/p.json': '{"defaultAction":"SCMP_ACT_ALLOW"}',
    },
  },
  'configs and secrets from text and from the environment': {
    files: {
      'compose.yml': `${service('configs: [text, given]', 'secrets: [token]')}configs: {text: {content: "\\n a: \${A}\\n"}, given: {environment: CONF}}\nsecrets: {token: {environment: TOKEN}}\n`,
    },
    shared: { '.env': 'A=1\nCONF=c\nTOKEN=t\n' },
  },

  'lines of Windows and the mark of an encoding': {
    files: {
      'compose.yml': `\ufeff${service('env_file: a.env', 'environment:', '  A: ${A}', '  B: "b c"', 'command: |', '  one', '  two').replaceAll('\n', '\r\n')}`,
      'a.env': 'C=1\r\nD="d d"\r\n',
    },
    shared: { '.env': 'A=1\r\nUNUSED=\r\n' },
  },
  // Compose 2.40 refuses a date without quotes.
  'texts that look like numbers, dates and tags': {
    files: {
      'compose.yml': service(
        'environment: {OCTAL: 010, OLD: 0o17, HEX: 0x1F, FLOAT: 1.10, EXP: 1e3, DATE: "2026-01-01", TIME: 12:30:45, BIG: 12345678901234567890}',
        'labels: {"1": 2, "true": no, "a b": "c: d", "quote\\"d": "x", "#": "#", "- x": "- y", "ключ": "значение"}',
        'user: "0123"',
        'hostname: "1e3"',
        'group_add: [1000, "0"]',
        'expose: [80, "90-91"]',
        'command: ["1.50", "007", "yes", "null", "~"]',
        'stop_grace_period: 1m30s',
        'mem_limit: 512m',
      ),
    },
  },
  'texts of any length': {
    files: {
      'compose.yml': service(
        `environment: {LONG: "${'x'.repeat(70_000)}", WORDS: "${'word '.repeat(3000)}"}`,
        `command: ["sh", "-c", "${'echo $$x;\\n'.repeat(500)}"]`,
      ),
    },
    shared: { '.env': `BIG='${'y'.repeat(70_000)}'\n` },
  },
  'ports in every form': {
    files: {
      'compose.yml': service(
        'ports:',
        '  - 3000',
        '  - "3001"',
        '  - "8000:8001"',
        '  - "9090-9091:8080-8081"',
        '  - "127.0.0.1:8002:8003/udp"',
        '  - "127.0.0.1::5000"',
        '  - "[::1]:6001:6002"',
        '  - "${PORT:-8100}:80"',
        '  - 22:22',
        '  - {target: 443, published: "8443", protocol: tcp, mode: host, host_ip: 0.0.0.0}',
        '  - {target: 53, published: 5353, protocol: udp}',
      ),
    },
    shared: { '.env': 'PORT=127.0.0.1:8200\n' },
  },
  'reset and override': {
    files: {
      'compose.yml': `${service('ports: ["80:80"]', 'environment: {A: "1", B: "2"}', 'volumes: ["./a:/a"]', 'command: x')}  db: {image: db}\n`,
      'compose.override.yml': `services:
  web:
    ports: !override ["8080:80"]
    environment: {A: !reset null, C: "3"}
    volumes: !reset []
    command: !reset null
  db: !reset null
`,
    },
  },
  'what only developers and other tools read': {
    files: {
      'compose.yml': `version: "3.8"
x-aws-vpc: vpc
x-text: |2

  starts with a blank line
${service('develop: {watch: [{path: ., action: sync, target: /app}]}', 'x-own: {a: [1, 2, {b: c}]}', 'extends: base', 'annotations: {a: b}', 'attach: false')}  base: {image: base, environment: {A: "1"}, labels: {b: c}}
`,
    },
  },
  'a folder of its own, with a .env beside the file': {
    inputs: { 'compose-file': 'deploy/prod/compose.yml\ndeploy/more.yml' },
    files: {
      'deploy/prod/compose.yml': `name: shop\n${service(
        'env_file: [web.env, ../common.env]',
        'volumes: ["./conf:/c:ro", "../../data:/d"]',
      )}`,
      'deploy/more.yml': 'services: {web: {environment: {A: "${A}"}, volumes: ["../up:/up:ro"], env_file: more.env}}\n',
      'deploy/prod/web.env': 'W=1\n',
      'deploy/prod/more.env': 'M=1\n',
      'deploy/common.env': 'C=${A}\n',
      'deploy/prod/conf/x': 'x',
      'deploy/up/x': 'x',
    },
    shared: { 'deploy/prod/.env': 'A=of the folder\n' },
  },
  'include with folders, env files and overrides': {
    files: {
      'compose.yml': `include:
  - path: [parts/a/compose.yml, parts/a/more.yml]
    project_directory: parts/b
    env_file: [parts/env/one.env, parts/env/two.env]
  - parts/c/compose.yml
${service('depends_on: [a, c]', 'environment: {A: "${A:-none}"}')}`,
      'parts/a/compose.yml':
        'services: {a: {image: "a", volumes: ["./conf:/c:ro", "../d:/d"], env_file: a.env, environment: {A: "${A}", B: "${B}"}}}\n',
      'parts/a/more.yml': 'services: {a: {labels: {more: "${B}"}}}\n',
      'parts/b/conf/x': 'x',
      'parts/b/a.env': 'OF_B=1\n',
      'parts/env/one.env': 'A=1\nB=1\n',
      'parts/env/two.env': 'B=2\n',
      'parts/c/compose.yml':
        'include: [../e.yml]\nservices: {c: {image: c, environment: {LOCAL: "${LOCAL}"}, volumes: ["./x:/x"]}}\n',
      'parts/c/.env': 'LOCAL=c\n',
      'parts/e.yml': 'services: {e: {image: e, env_file: [{path: none.env, required: false}]}}\nvolumes: {of-e: {}}\n',
    },
  },
  'extends across folders, one after the other': {
    files: {
      'compose.yml':
        'services: {web: {extends: {file: common/web.yml, service: web}, environment: {C: "3"}, ports: ["80:80"]}}\nvolumes: {data: {}}\n',
      'common/web.yml':
        'services: {web: {extends: {file: ../base/base.yml, service: base}, env_file: w.env, volumes: ["./w:/w:ro"]}}\n',
      'common/w.env': 'W=1\n',
      'common/w/x': 'x',
      'base/base.yml':
        'services: {base: {image: "base:${TAG:-1}", env_file: [b.env], volumes: ["./b:/b:ro", "data:/data"], build: {context: .}}}\nvolumes: {data: {}}\n',
      'base/b.env': 'B=1\n',
      'base/b/x': 'x',
    },
  },
  'names with every kind of letter': {
    files: {
      'compose.yml': service(
        'volumes:',
        '  - "./it\'s:/a:ro"',
        '  - "./a b/c d.conf:/b:ro"',
        '  - "./\u{1f600}:/c:ro"',
        '  - "./\\U0001F600x:/d"',
        '  - {type: bind, source: "./a$$b", target: /e, read_only: true}',
        '  - {type: bind, source: "./co:lon", target: /f, read_only: true}',
        '  - "./-dash:/g:ro"',
        '  - "./#hash:/h:ro"',
        '  - "./q\\"q:/i:ro"',
        '  - "./[x] {y}:/j:ro"',
        '  - "./back\\\\slash:/k:ro"',
        '  - "./*.conf:/l:ro"',
        '  - "./%s:/m:ro"',
        '  - "./únï/cödé:/n:ro"',
        'env_file: ["e f.env"]',
      ),
      "it's/x": 'x',
      'a b/c d.conf': 'x',
      '\u{1f600}/x': 'x',
      'a$b/x': 'x',
      'co:lon/x': 'x',
      '-dash/x': 'x',
      '#hash/x': 'x',
      'q"q/x': 'x',
      '[x] {y}/x': 'x',
      'back\\slash/x': 'x',
      '*.conf': 'x',
      '%s/x': 'x',
      'únï/cödé': 'x',
      'e f.env': 'E=1\n',
    },
  },
  'services whose names are no image names': {
    files: {
      'compose.yml':
        'services: {Web_App.1: {build: ., depends_on: [_db]}, _db: {image: db}, "007": {image: x, network_mode: "service:_db"}, no: {build: ./no}, "1e3": {image: "${X:-y}"}}\n',
      Dockerfile: 'FROM scratch\n',
      'no/Dockerfile': 'FROM scratch\n',
    },
  },
  'volumes in every form': {
    files: {
      'compose.yml': `${service(
        'volumes:',
        '  - /anonymous',
        '  - data:/data:ro',
        '  - ./rel/../rel2//x/:/r',
        '  - ./all:/all:ro',
        '  - {type: volume, source: data, target: /d2, volume: {nocopy: true}}',
        '  - {type: bind, source: ./made, target: /m, bind: {create_host_path: true, selinux: Z}}',
        '  - {type: volume, target: /no-source}',
        '  - {type: bind, source: /etc/hosts, target: /etc/hosts, read_only: true, consistency: delegated}',
        'tmpfs: /run',
        'devices: ["/dev/null:/dev/x:r"]',
      )}volumes:
  data:
  named: {name: "own_\${V:-1}"}
  nfs: {driver: local, driver_opts: {type: nfs, o: "addr=10.0.0.1,rw", device: ":/x"}}
  bound: {driver: local, driver_opts: {type: none, o: bind, device: "\${PWD}/bound"}}
`,
      'all/x': 'x',
    },
  },
  'a .env in git below the one of the server': {
    files: {
      'compose.yml': service('environment: {A: "${A}", B: "${B}", C: "${C:-none}"}', 'env_file: .env'),
      '.env': 'A=git\nB=git\nDEEP=${A}-deep\n',
    },
  },
  'names that a shell and a list could misread': {
    files: {
      'compose.yml': service('volumes: ["./-conf:/c:ro"]', `env_file: ["-x.env", "a\\"b.env", "c d'.env"]`),
      '-conf/new\nline': 'x',
      '-conf/-d': 'y',
      '-x.env': 'A=1\n',
      'a"b.env': 'B=1\n',
      "c d'.env": 'C=1\n',
    },
  },
  'a .env of Windows, in git': {
    files: {
      'compose.yml': service('environment: {A: "${A}", B: "${B}", C: "${C}", D: "${D}"}'),
      '.env': '\ufeffA=1\r\nexport B = x\r\nC=a#b # c\r\nD="q # r" # c\r\n',
    },
  },
  'services of which there is to be no container, or one everywhere': {
    files: {
      'compose.yml': `services: {a: {image: a, scale: 0}, b: {image: b, deploy: {replicas: 0}}, c: {image: c, deploy: {mode: global}}, ${'d'.repeat(200)}: {image: d, depends_on: {c: {condition: service_started, restart: true}}}}\n`,
    },
  },
  'dollars in names': {
    files: {
      'compose.yml': service(
        'labels:',
        '  one$two: v$$w',
        '  three$$four: x',
        'environment:',
        '  - E$$F=1',
        'extra_hosts: ["a$$b:10.0.0.1"]',
        'logging: {driver: json-file, options: {labels$x: y$$z}}',
      ),
    },
  },
  'quotes and dollars of env files': {
    files: { 'compose.yml': service('env_file: v.env', 'environment: {OWN: "${OWN}"}') },
    shared: {
      'v.env': `export A=1
B = spaced
C='single $x "q"'
D="double \\"q\\" \\$x \\n"
E=plain # comment
F=#none
G=a#b
H="multi
line"
I='json {"a": [1, 2]}'
J=\${A}\${UNSET_HERE:-d}
K=
L=é \u{1f600}
M=a=b=c
`,
      '.env': "OWN='$2y$10$abc'\n",
    },
  },
};
