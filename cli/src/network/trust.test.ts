import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { paksCommand, runProcess, tempFolder } from "../testing/index.ts";
import { readTrust } from "./trust.ts";

/** A registry on https whose certificate nobody but the test knows. */
async function serveUntrusted() {
  const folder = await tempFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...args, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ data: [], page: { next: null } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, cert };
}

test("a registry's certificate that is not trusted: what is wrong with NODE_EXTRA_CA_CERTS is said then, and only then", async () => {
  const { url, cert } = await serveUntrusted();
  const home = await tempFolder();
  const broken = join(home, "broken.pem");
  await writeFile(broken, "no certificate");
  const info = async (extra: string | undefined) => {
    const trust = extra === undefined ? {} : { NODE_EXTRA_CA_CERTS: extra };
    const environment = { HOME: home, PAKS_KEYCHAIN: "file", PAKS_REGISTRY: url, ...trust };
    return await runProcess(paksCommand("info", "acme/pdf"), { cwd: home, environment });
  };
  const said = "Its certificate is not trusted here.";
  expect((await info(undefined)).stderr).toContain(`${said} Name your organisation's certificates`);
  for (const [file, problem] of [
    [`${cert}.none`, "cannot be read (ENOENT)"],
    [broken, "holds no certificate"],
  ] as const) {
    const { exit, stderr } = await info(file);
    expect([exit, stderr]).toEqual([
      8,
      expect.stringContaining(`${said} NODE_EXTRA_CA_CERTS names ${file}, which ${problem}`),
    ]);
  }
  expect((await info(cert)).stderr).not.toContain("certificate");
}, 60_000);

test("a file of all programs that is of no use takes nothing away, one of the configuration is a failure", async () => {
  const { cert } = await serveUntrusted();
  const own = readFileSync(cert, "utf8").trim();
  const none = `${cert}.none`;
  expect(await readTrust({ caFile: undefined, extraCaFile: none })).toBeUndefined();
  expect((await readTrust({ caFile: cert, extraCaFile: none }))?.at(-1)).toBe(own);
  expect((await readTrust({ caFile: undefined, extraCaFile: cert }))?.at(-1)).toBe(own);
  await expect(readTrust({ caFile: none, extraCaFile: cert })).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
});
