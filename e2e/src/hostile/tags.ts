import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gitRepo, type GitRepo, type RawRepo, rawRepo } from "@paks/git/testing";
import { describeFiles, formatTagMessage, isPaksError, type Trailers } from "@paks/schema";
import { skillText } from "../harness/journey.ts";
import type { Lab } from "../harness/lab.ts";
import type { Bytes, Files } from "./files.ts";

/** A tag that is published by the book: by `acme`, with trailers, in its own repository. */
export interface Tagged {
  readonly repository: string;
  readonly tag: string;
}

/** An entry of the root's tree: a file, or an object of any kind. */
export interface Entry {
  readonly name: Bytes;
  readonly mode?: string;
  readonly content?: Bytes;
  readonly oid?: string;
  /** What lies below a folder given by its id, for the digest. */
  readonly files?: Files;
}

export interface TagFields {
  readonly tag?: string;
  readonly version?: string;
  readonly trailers?: Partial<Trailers>;
  readonly description?: string;
}

interface Named extends TagFields {
  readonly name: string;
  readonly repository: string;
  readonly files: Files;
}

/** The message that `paks publish` would write over these files. */
export function tagMessage({ name, repository, files, ...fields }: Named): string {
  const version = fields.version ?? "1.0.0";
  const digest = digestOf(files);
  return formatTagMessage({
    kind: "skill",
    name,
    description: fields.description ?? "Does one thing well.",
    version,
    published: "2026-01-01T00:00:00Z",
    trailers: { package: `acme/${name}`, version, repository, path: "", digest, ...fields.trailers },
  });
}

/** Names that no digest takes are refused before anybody looks at it. */
function digestOf(files: Files): string {
  try {
    return describeFiles(
      Object.entries(files).map(([path, bytes]) => ({ path, executable: false, bytes: Buffer.from(bytes) })),
    ).digest;
  } catch (error) {
    if (isPaksError(error, "UNSAFE_PATH")) return describeFiles([]).digest;
    throw error;
  }
}

/** A bare repository on the lab's git host, whose objects are written byte by byte. */
export async function rawRemote(lab: Lab, name: string): Promise<{ raw: RawRepo; url: string }> {
  return { raw: await rawRepo(join(lab.gitRoot, `${name}.git`)), url: `${lab.gitUrl}/${name}.git` };
}

/** A good SKILL.md, and these entries beside it: nothing but the entries is wrong. */
export const tagTree = (lab: Lab, name: string, make: MakeEntries, fields: TagFields = {}): Promise<Tagged> =>
  tagEntries(
    lab,
    name,
    async (raw) => [{ name: "SKILL.md", content: skillText(name, fields.version ?? "1.0.0") }, ...(await make(raw))],
    fields,
  );

/** These files and no other; none in a folder. */
export const tagFiles = (lab: Lab, name: string, files: Files, fields: TagFields = {}): Promise<Tagged> =>
  tagEntries(lab, name, () => Object.entries(files).map(([path, content]) => ({ name: path, content })), fields);

export type MakeEntries = (raw: RawRepo) => Promise<readonly Entry[]> | readonly Entry[];

/**
 * A repository with these entries at its root, written past every check of git's, and an annotated tag with the
 * trailers of an authorised publisher.
 */
async function tagEntries(lab: Lab, name: string, make: MakeEntries, fields: TagFields): Promise<Tagged> {
  const { raw, url } = await rawRemote(lab, name);
  const entries = await make(raw);
  const commit = await raw.commit(await raw.tree(await toRaw(raw, entries)));
  await raw.ref("refs/heads/main", commit);
  return annotate(raw, commit, { ...fields, name, repository: url, files: plainFiles(entries) });
}

/** Tags any object as a release. */
export async function annotate(raw: RawRepo, object: string, named: Named & { type?: string }): Promise<Tagged> {
  const tag = named.tag ?? `v${named.version ?? "1.0.0"}`;
  const message = tagMessage(named);
  await raw.ref(`refs/tags/${tag}`, await raw.tagObject(object, { tag, type: named.type ?? "commit", message }));
  return { repository: named.repository, tag };
}

async function toRaw(raw: RawRepo, entries: readonly Entry[]) {
  const written = [];
  for (const { name, mode = "100644", content, oid } of entries)
    written.push({ name, mode, oid: oid ?? (await raw.blob(content ?? "x\n")) });
  const key = ({ name, mode }: { name: Bytes; mode: string }) =>
    Buffer.concat([Buffer.from(name), Buffer.from(mode === "40000" ? "/" : "")]);
  return written.sort((a, b) => Buffer.compare(key(a), key(b)));
}

/** What the digest would be made of, were the entries plain files. */
const plainFiles = (entries: readonly Entry[]): Files =>
  Object.fromEntries(
    entries.flatMap(({ name, oid, content, files }) => {
      if (files) return Object.entries(files);
      return oid === undefined && typeof name === "string" ? [[name, content ?? "x\n"]] : [];
    }),
  );

/** A work tree with `origin` on the lab's git host; `main` is pushed. */
export interface Work extends GitRepo {
  readonly remote: string;
  readonly name: string;
  /** Tags HEAD as `paks publish` would, and pushes the tag, over another one if need be. */
  release(files: Files, fields?: TagFields): Promise<Tagged>;
}

export async function workRepository(lab: Lab, name: string, files: Files): Promise<Work> {
  const asBuffers = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes)]));
  const repo = await gitRepo(asBuffers);
  const remote = await lab.newRemote(name);
  await repo.git("remote", "add", "origin", remote);
  await repo.git("push", "-q", "-u", "origin", "main");
  const release = async (tagged: Files, fields: TagFields = {}): Promise<Tagged> => {
    const tag = fields.tag ?? `v${fields.version ?? "1.0.0"}`;
    await repo.git("update-ref", "-d", `refs/tags/${tag}`);
    await repo.tag(tag, tagMessage({ ...fields, name, repository: remote, files: tagged }));
    await repo.git("push", "-q", "--force", "origin", `refs/tags/${tag}`);
    return { repository: remote, tag };
  };
  return { ...repo, remote, name, release };
}
