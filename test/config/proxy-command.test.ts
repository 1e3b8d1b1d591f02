import { describe, expect, it } from 'vitest';
import { proxyCommandOf } from '../../src/config/proxy-command.ts';

describe('proxy-command', () => {
  it.each([
    ['of Cloudflare', 'cloudflared access ssh --hostname %h', ['cloudflared', 'access', 'ssh', '--hostname', '%h']],
    [
      'of Session Manager',
      "aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters 'portNumber=%p'",
      [
        'aws',
        'ssm',
        'start-session',
        '--target',
        '%h',
        '--document-name',
        'AWS-StartSSHSession',
        '--parameters',
        'portNumber=%p',
      ],
    ],
    ['with a shell', "sh -c 'nc %h %p | tee log'", ['sh', '-c', 'nc %h %p | tee log']],
    ['with a percent sign', 'tool --ratio 50%% %r', ['tool', '--ratio', '50%%', '%r']],
  ])('is read as words: %s', (_, text, argv) => {
    expect(proxyCommandOf(text)).toEqual({ value: argv });
  });

  it.each([
    ['an unclosed quote', "sh -c 'nc", 'has an unclosed quote'],
    [
      'a shell operator',
      'nc %h %p 2>/dev/null',
      "contains the shell operator 2>/dev/null, but is not run by a shell; use `sh -c '…'`",
    ],
    [
      'an unknown sign',
      'ssh -W %n:%p bastion',
      'contains %n; use %h for the host, %p for the port, %r for the user, %% for a %',
    ],
  ])('says what is wrong with %s', (_, text, problem) => {
    expect(proxyCommandOf(text)).toEqual({ problem });
  });
});
