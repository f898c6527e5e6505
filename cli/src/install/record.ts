import { join, relative, resolve, sep } from "node:path";
import { checkPath, Digest, PakName, PaksError } from "@paks/schema";
import * as z from "zod/mini";

const Sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** Where an installed pak came from. */
export const Origin = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("registry"),
    registry: z.string(),
    account: z.string(),
    name: z.string(),
    version: z.string(),
    tag: z.string(),
    commit: z.string(),
    repository: z.string(),
    path: z.string(),
  }),
  z.object({
    type: z.literal("git"),
    repository: z.string(),
    path: z.string(),
    tag: z.string(),
    commit: z.string(),
  }),
  z.object({ type: z.literal("local"), path: z.string() }),
]);
export type Origin = z.infer<typeof Origin>;

/** A record may have come with a stranger's project: nothing in it leads out of the skills folder. */
export const RecordFolder = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)?$/));
const RecordPath = z.string().check(z.refine((path) => checkPath(path) === undefined, "is no path of a release"));

/**
 * What paks put into one folder. It lies beside the skills, never inside one: the digest of an installed folder is
 * the digest of the release.
 */
export const InstallRecord = z.object({
  record_version: z.literal(1),
  /** Folder below the skills folder: `pdf`, or `acme/pdf` with `--dir`. */
  folder: RecordFolder,
  name: PakName,
  version: z.nullable(z.string()),
  digest: Digest,
  origin: Origin,
  files: z.array(z.object({ path: RecordPath, size: z.number(), sha256: Sha256, executable: z.boolean() })),
  /** The links that lead here, relative to the skills folder and with `/`: a project can be moved. */
  links: z.array(z.string()),
  installed_at: z.iso.datetime(),
});
export type InstallRecord = z.infer<typeof InstallRecord>;

export const formatLink = (skillsFolder: string, path: string): string =>
  relative(skillsFolder, path).split(sep).join("/");

/** Absolute paths of the links that lead to an installed pak. */
export const resolveLinks = (skillsFolder: string, record: InstallRecord): string[] =>
  record.links.map((link) => resolve(skillsFolder, link));

/** Names hold no double hyphen, so `acme--pdf` can only be `acme/pdf`. */
export const recordFileName = (folder: string): string => `${folder.replace("/", "--")}.json`;

export const formatRecord = (record: InstallRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** Throws INTEGRITY_MISMATCH: a record that cannot be read must not be taken for "nothing is installed". */
export function parseRecord(text: string, path: string): InstallRecord {
  const result = z.safeParse(InstallRecord, parseJson(text));
  if (result.success) return result.data;
  throw unreadableRecord(path);
}

export const unreadableRecord = (path: string): PaksError =>
  new PaksError("INTEGRITY_MISMATCH", `The install record ${path} cannot be read.`, {
    hint: "Look at the skill's folder, then delete the record and install again with --force.",
    details: { path },
  });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The places that paks keeps beside the skills of one folder. */
export const bookkeeping = (skillsFolder: string) => {
  const base = join(skillsFolder, ".paks");
  return {
    base,
    lock: join(base, "lock"),
    work: join(base, "work"),
    backups: join(base, "backups"),
    record: (folder: string) => join(base, recordFileName(folder)),
  };
};
