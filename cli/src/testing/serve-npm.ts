import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Stub, serveStub } from "./serve-stub.ts";

export interface TarEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: string;
  readonly mode?: number;
  readonly link?: string;
  /** ustar's when absent. */
  readonly magic?: string;
  /** What stands where ustar has the front of a path. */
  readonly prefix?: string;
}

/** As npm packs: plain ustar headers. */
export function npmTarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content = "", type = "0", mode = 0o644, link = "", ...more }) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("03560116604\0", 136);
    header.write("        ", 148);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write(more.magic ?? "ustar\u000000", 257);
    header.write(more.prefix ?? "", 345);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export const npmIntegrity = (bytes: Buffer): string => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

/** An npm registry with one package, `skills`, whose versions a test adds, changes and takes away. */
export interface NpmStub extends Stub {
  /** Version → what the registry says and sends. */
  readonly versions: Map<string, { bytes: Buffer; integrity: string; deprecated?: string }>;
  /** `latest` is the version that was added last. */
  add(version: string, files: Readonly<Record<string, string>>): void;
  /** Every answer is this status. */
  status: number | undefined;
}

export async function serveNpm(): Promise<NpmStub> {
  const versions: NpmStub["versions"] = new Map();
  const state: { status: number | undefined } = { status: undefined };
  const stub = await serveStub(({ path, headers }) => {
    if (state.status !== undefined) return { status: state.status, body: {} };
    const [, sent] = /^\/skills\/-\/(.+)\.tgz$/.exec(path) ?? [];
    const found = sent === undefined ? undefined : versions.get(sent);
    if (found) return { body: found.bytes, headers: { "content-type": "application/octet-stream" } };
    if (path !== "/skills" || versions.size === 0) return { status: 404, body: { error: "Not found" } };
    const told = [...versions].map(([version, { integrity, deprecated }]) => {
      const tarball = `http://${headers.host}/skills/-/${version}.tgz`;
      return [version, { version, dist: { tarball, integrity }, ...(deprecated && { deprecated }) }];
    });
    return {
      body: {
        name: "skills",
        "dist-tags": { latest: [...versions.keys()].at(-1) },
        versions: Object.fromEntries(told) as object,
      },
    };
  });
  return Object.assign(state, stub, {
    versions,
    add: (version: string, files: Readonly<Record<string, string>>) => {
      const bytes = npmTarball(Object.entries(files).map(([path, content]) => ({ path: `package/${path}`, content })));
      versions.delete(version);
      versions.set(version, { bytes, integrity: npmIntegrity(bytes) });
    },
  });
}
