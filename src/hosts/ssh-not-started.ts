import type { Failure } from './ssh-failure.ts';

/** The server lets the user in, but runs something else than our command. */
export type NotStarted = {
  /** Its output instead, on both streams. */
  readonly said: string;
  /** Undefined: it did not exit. */
  readonly code: number | undefined;
};

/** @param software how the server identifies itself, e.g. `OpenSSH_9.6` */
export function notStarted({ said, code }: NotStarted, user: string, software: string): Failure {
  const words = excerpt(said);
  const facts = [
    words === '' ? 'it said nothing' : `it said ${JSON.stringify(words)}`,
    code === undefined ? 'and did not end' : `exit code ${code}`,
  ];
  const reason = reasons.find(({ looksLike }) => looksLike.test(`${software}\n${said}`));
  return {
    message: `the server lets user "${user}" in, but ${reason?.what ?? 'does not run our commands'} (${facts.join(', ')})`,
    hint:
      reason?.hint(user) ??
      `Check the login shell of ${user}, ForceCommand in sshd_config, and \`command=\` in authorized_keys there. ${wrapper}`,
    passes: false,
  };
}

/** Its first lines, joined into one. */
function excerpt(said: string): string {
  const text = said
    .trim()
    .split(/\s*\n\s*/)
    .slice(0, 3)
    .join(' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

type Reason = { readonly looksLike: RegExp; readonly what: string; readonly hint: (user: string) => string };

const givenShell = (user: string): string =>
  `Give the user a shell, on the server: \`sudo usermod --shell /bin/sh ${user}\`.`;

const wrapper = 'A program that is forced there has to end in `exec sh -c "$SSH_ORIGINAL_COMMAND"`, quotes included.';

/** What servers print if there is no shell. */
const reasons: readonly Reason[] = [
  {
    looksLike: /for_Windows|CommandNotFoundException|is not recognized as (?:an internal|the name of)/,
    what: 'runs Windows, not a POSIX shell',
    hint: () => 'Deploys need Linux with Docker. On Windows, run sshd inside WSL and give its port.',
  },
  {
    looksLike: /sftp connections only/i,
    what: 'allows file transfers only',
    hint: (user) => `Exempt ${user} from \`ForceCommand internal-sftp\` in its sshd_config, or deploy as another user.`,
  },
  { looksLike: /account is currently not available|nologin/i, what: 'the account has no shell', hint: givenShell },
  {
    looksLike: /exec: exec: /,
    what: 'a forced command takes our commands apart',
    hint: () => `Check ForceCommand in sshd_config, and \`command=\` in authorized_keys there. ${wrapper}`,
  },
  {
    looksLike: /^korrigo-pid \d+\r?$/m,
    what: 'something between, such as a recorder of sessions, changes what our commands say',
    hint: (user) =>
      `Exempt ${user} from \`script\`, tlog or the like, in sshd_config and in its login shell, or deploy as another user.`,
  },
  {
    looksLike: /restricted|forbidden command|unrecognized command/i,
    what: 'the login shell is restricted',
    hint: givenShell,
  },
];
