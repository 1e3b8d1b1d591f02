import { access, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, type Server, upBed } from '../../bed/bed.ts';

describe('the test bed', () => {
  let bed: Bed;
  let server: Server;

  beforeAll(async () => {
    bed = await upBed();
    server = await bed.server({ preload: [bed.image('busybox')] });
  });
  afterAll(() => bed?.down());

  it('gives a server that answers over ssh with the host key it announced', async () => {
    const result = await server.ssh('id -un; id -nG; docker compose version');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^deploy\ndeploy docker\nDocker Compose version 2\./);
  });

  it('lets deploys create projects under /opt', async () => {
    expect((await server.ssh('mkdir /opt/project && touch /opt/project/file')).code).toBe(0);
  });

  it('gives a registry from which a server pulls after a login, and not before', async () => {
    const pull = `docker pull -q ${bed.image('busybox')}`;
    expect((await server.ssh(pull)).stderr).toContain('no basic auth credentials');
    const wrong = await login(bed.registry.username, bed.registry.other.password);
    expect(wrong.stderr).toContain('401 Unauthorized');
    expect((await login(bed.registry.username, bed.registry.password)).code).toBe(0);
    expect(await server.ssh(pull)).toMatchObject({ code: 0, stdout: `${bed.image('busybox')}\n` });
    await server.ssh(`docker logout ${bed.registry.address}`);
  });

  it('lets the engine that runs the tests build and push into the registry', async () => {
    const { username, password, address } = bed.registry;
    const { docker, tryDocker, images } = bed.engine;
    const image = `${address}/app:1`;
    await writeFile(`${bed.folder}/Dockerfile`, `FROM ${images.busybox}\nRUN echo hello >/hello\n`);
    await docker('build', '--quiet', '--tag', image, '--file', `${bed.folder}/Dockerfile`, bed.folder);
    await tryDocker(['login', '-u', username, '--password-stdin', address], { stdin: password });
    expect((await tryDocker(['push', '--quiet', image])).code).toBe(0);
    await docker('rmi', image);
    const another = await bed.server({ preload: [image] });
    expect((await another.ssh(`docker run --rm ${image} cat /hello`)).stdout).toBe('hello\n');
    await another.remove();
  });

  it('stops and starts the registry', async () => {
    await bed.registry.stop();
    expect((await login(bed.registry.username, bed.registry.password)).code).not.toBe(0);
    await bed.registry.start();
    expect((await login(bed.registry.username, bed.registry.password)).code).toBe(0);
  });

  it('brings a server back from a shutdown and from a power loss with its key, files and containers', async () => {
    const started = `docker run --detach --name app --restart always --stop-timeout 1 ${bed.image('busybox')} sleep 3600`;
    expect((await server.ssh(started)).code).toBe(0);
    for (const down of [server.stop, server.kill]) {
      await down();
      await server.start();
      const result = await server.ssh('docker inspect --format "{{.State.Status}}" app; ls /opt/project');
      expect(result).toMatchObject({ code: 0, stdout: 'running\nfile\n' });
    }
  });

  it('makes a server unreachable while what runs on it goes on', async () => {
    const before = await server.exec(['docker', 'inspect', '--format', '{{.State.StartedAt}}', 'app']);
    await server.unplug();
    await expect(server.ssh('true', { timeout: 1000 })).resolves.toMatchObject({ code: null });
    await server.plug();
    const after = await server.ssh('docker inspect --format "{{.State.StartedAt}}" app');
    expect(after).toMatchObject({ code: 0, stdout: before.stdout });
  });

  it('fills up a small disk', async () => {
    const small = await bed.server({ dockerDiskMb: 64, optDiskMb: 8 });
    const filled = await small.ssh('head -c 20M /dev/zero >/opt/file');
    expect(filled.stderr).toContain('No space left on device');
    const { username, password, address } = bed.registry;
    await small.ssh(`docker login -u ${username} --password-stdin ${address}`, { stdin: password });
    expect((await small.ssh(`docker pull -q ${bed.image('postgres')}`)).stderr).toContain('no space left on device');
    await small.remove();
  });

  it('gives servers whose engine is down or missing', async () => {
    const [stopped, missing] = await Promise.all([bed.server({ docker: 'stopped' }), bed.server({ docker: false })]);
    expect((await stopped.ssh('docker info')).stderr).toContain('Cannot connect to the Docker daemon');
    expect((await missing.ssh('docker info')).code).toBe(127);
    await Promise.all([stopped.remove(), missing.remove()]);
  });

  it('reaches a server through a jump host', async () => {
    const jump = await bed.jump();
    const through = `ssh -W %h:%p -i ${jump.privateKeyFile} -o UserKnownHostsFile=${bed.folder}/jump-1/known_hosts deploy@${jump.ip}`;
    const hop = await bed.server({ docker: false, sshPort: 2222 });
    expect((await hop.ssh('echo $SSH_CLIENT', { proxyCommand: through })).stdout).toContain(`${jump.ip} `);
  });

  it('leaves nothing behind', async () => {
    const { engine, folder, id, registry } = bed;
    await bed.engine.docker('volume', 'create', '--label', `korrigo.bed=${id}`, `${id}-volume`);
    await bed.down();
    const left = async (...what: string[]) => {
      const { code, stdout } = await engine.tryDocker([...what, '--quiet', '--filter', `label=korrigo.bed=${id}`]);
      return code === 0 ? stdout : ''; // the engine itself may be gone, if this was its last bed
    };
    expect(await left('ps', '--all')).toBe('');
    expect(await left('network', 'ls')).toBe('');
    expect(await left('volume', 'ls')).toBe('');
    await expect(access(folder)).rejects.toThrow('ENOENT');
    await expect(access(`/etc/docker/certs.d/${registry.address}`)).rejects.toThrow('ENOENT');
  });

  const login = (user: string, password: string) =>
    server.ssh(`docker login -u ${user} --password-stdin ${bed.registry.address}`, { stdin: password });
});
