import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, type Server, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";
import { type GitLab, gitLab } from "@paks/git/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paksCommand, runProcess, tempFolder } from "../testing/index.ts";

/** `git.test` is a name that no DNS knows: only the proxy finds it, and only the test trusts its certificate. */
let lab: GitLab;
let cert: string;
let folder: string;
const challenge = 'Proxy-Authenticate: Basic realm="test"\r\nContent-Length: 0\r\nConnection: close';
const servers: Server[] = [];
const asked: { to: string; authorization: string | undefined }[] = [];
let proxyPort: number;

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  paksCommand();
  lab = await gitLab();
  const skill = "---\nname: pdf\ndescription: Reads and fills forms in PDF files.\n---\n";
  await lab.repo("acme/skills", { "skills/pdf/SKILL.md": skill }, ["v1.0.0"]);
  folder = await mkdtemp(join(tmpdir(), "paks-test-tls-"));
  cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  const subject = ["-subj", "/CN=git.test", "-addext", "subjectAltName=DNS:git.test"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1",
      "-keyout",
      key,
      "-out",
      cert,
      ...subject,
    ],
    { stdio: "ignore" },
  );
  const tls = createTls({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    const inner = connect(Number(lab.server.host.split(":")[1]), "127.0.0.1");
    for (const one of [socket, inner]) one.on("error", () => undefined);
    socket.pipe(inner).pipe(socket);
  });
  const tlsPort = await listen(tls);
  const proxy = createServer((_request, response) => void response.writeHead(400).end());
  proxy.on("connect", (request, socket) => {
    const authorization = request.headers["proxy-authorization"];
    asked.push({ to: request.url ?? "", authorization });
    if (authorization === undefined)
      return socket.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenge}\r\n\r\n`);
    const inner = connect(tlsPort, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(inner).pipe(socket);
    });
    for (const one of [socket, inner]) one.on("error", () => undefined);
    return undefined;
  });
  proxyPort = await listen(proxy);
});
afterAll(async () => {
  for (const server of servers) server.close();
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

async function install(environment: Record<string, string>) {
  const home = await tempFolder();
  const cwd = join(home, "project");
  await mkdir(cwd);
  const run = await runProcess(paksCommand("install", "https://git.test/acme/skills.git#v1.0.0"), {
    cwd,
    environment: { HOME: home, PAKS_KEYCHAIN: "file", ...environment },
  });
  return { ...run, read: () => readFile(join(cwd, ".agents/skills/pdf/SKILL.md"), "utf8") };
}

test.each([
  ["git", {}],
  ["no git", { PATH: "/nowhere" }],
])(
  "with %s, an https repository is read through the proxy, with the certificates that the user trusts",
  async (_name, path) => {
    asked.length = 0;
    const proxy = `http://me:p%40ss@127.0.0.1:${proxyPort}`;
    const run = await install({ HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: cert, ...path });
    expect(run.exit, run.stderr).toBe(0);
    expect(await run.read()).toContain("name: pdf");
    const authorization = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    expect(asked.every((one) => one.to === "git.test:443")).toBe(true);
    expect(asked.at(-1)?.authorization).toBe(authorization);
  },
  60_000,
);

test.each([
  ["git", {}],
  ["no git", { PATH: "/nowhere" }],
])(
  "with %s, a certificate that nobody vouches for and a proxy that refuses are failures with a way forward",
  async (_name, path) => {
    const proxy = `http://me:p%40ss@127.0.0.1:${proxyPort}`;
    const untrusted = await install({ HTTPS_PROXY: proxy, ...path });
    expect(untrusted.exit).toBe(8);
    expect(untrusted.stderr).toContain("GIT_HOST_UNAVAILABLE");
    expect(untrusted.stderr).toContain("Its certificate is not trusted here. Name your organisation's certificates");
    const unread = await install({ HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: `${cert}.none`, ...path });
    expect(unread.exit).toBe(8);
    expect(unread.stderr).toContain(
      `NODE_EXTRA_CA_CERTS names ${cert}.none, which cannot be read (ENOENT): correct it`,
    );
    const refused = await install({ HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`, NODE_EXTRA_CA_CERTS: cert, ...path });
    expect(refused.exit).toBe(8);
    expect(refused.stderr).toContain("GIT_HOST_UNAVAILABLE");
    expect(refused.stderr + untrusted.stderr).not.toContain("p%40ss");
    expect(refused.stderr).toContain(`the proxy http://127.0.0.1:${proxyPort} answered with status 407`);
    const closed = await install({ HTTPS_PROXY: "http://me:p%40ss@127.0.0.1:9", ...path });
    expect(closed.exit).toBe(8);
    expect(closed.stderr).toContain("the proxy http://127.0.0.1:9 cannot be reached");
    for (const { stderr } of [refused, closed])
      expect(stderr).toContain("hint: Check HTTPS_PROXY or `proxy` in the configuration");
    expect(closed.stderr + unread.stderr).not.toContain("p%40ss");
  },
  60_000,
);
