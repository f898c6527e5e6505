import { findPakRow, findRelease, listVersions, type PakRow } from "@paks/db";
import {
  AccountName,
  formatPakId,
  isVersion,
  type Kind,
  type PakId,
  PakName,
  PaksError,
  parseSelector,
  type ReleaseDto,
  selectVersion,
} from "@paks/schema";
import * as z from "zod/mini";
import type { ApiDeps } from "./deps.ts";

/** The first word of an address → the kind it is limited to. */
const kindByWord = { paks: undefined, skills: "skill", packs: "pack", agents: "agent", templates: "template" } as const;
type KindsWord = keyof typeof kindByWord;
const words = Object.keys(kindByWord) as [KindsWord, ...KindsWord[]];

// Grouped: bare alternatives would also match any address that merely holds one of the words.
export const kindsPath = `/api/:kinds{(?:${words.join("|")})}` as const;
export const pakPath = `${kindsPath}/:account/:name` as const;
export const versionPath = `${pakPath}/versions/:version` as const;

export const kindOfWord = (word: KindsWord): Kind | undefined => kindByWord[word];

export const KindsParam = z.object({ kinds: z.enum(words) });
export const PakParam = z.extend(KindsParam, { account: AccountName, name: PakName });
/** An exact version, a semver range or a channel. */
export const VersionParam = z.extend(PakParam, { version: z.string().check(z.minLength(1), z.maxLength(128)) });

const pakNotFound = (id: PakId) =>
  new PaksError("PAK_NOT_FOUND", `There is no pak ${formatPakId(id)}.`, {
    hint: `Search for it: paks search ${id.name} (/api/paks?q=${id.name})`,
  });

/** @throws PaksError PAK_NOT_FOUND, also when it is of another kind than the address says */
export async function requirePak({ db }: ApiDeps, id: z.infer<typeof PakParam>): Promise<PakRow> {
  const pak = await findPakRow(db, id);
  if (pak && (kindOfWord(id.kinds) ?? pak.kind) === pak.kind) return pak;
  throw pakNotFound(id);
}

export interface FoundRelease {
  readonly release: ReleaseDto;
  /** True when the address names exactly this version: what it says will never be another release. */
  readonly fixed: boolean;
}

/** @throws PaksError INVALID_PARAMETER, PAK_NOT_FOUND, VERSION_NOT_FOUND */
export async function requireRelease(deps: ApiDeps, id: z.infer<typeof VersionParam>): Promise<FoundRelease> {
  const selector = parseSelector(id.version);
  const exact = isVersion(selector) ? await findRelease(deps.db, { ...id, version: selector }) : undefined;
  if (exact && (kindOfWord(id.kinds) ?? exact.kind) === exact.kind) {
    return { release: exact, fixed: id.version === exact.version };
  }
  const pak = await requirePak(deps, id);
  const versions = await listVersions(deps.db, pak.id);
  const selected = selectVersion(versions, selector);
  const release = selected && (await findRelease(deps.db, { ...id, version: selected.version }));
  if (release) return { release, fixed: false };
  const newest = selectVersion(versions)?.version;
  throw new PaksError("VERSION_NOT_FOUND", `${formatPakId(id)} has no release ${id.version}.`, {
    hint: newest === undefined ? "It has no release yet." : `The latest one is ${newest}.`,
  });
}
