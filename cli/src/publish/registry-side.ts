import type { RefFact } from "@paks/git/work-tree";
import { compareVersions, type PakId, tagVersion } from "@paks/schema";
import type { Context } from "../context.ts";
import { checkToken, findEarlierAccount, requireAccount } from "./account.ts";
import type { Draft, DraftInputs } from "./draft.ts";
import { tagNames } from "./git-checks.ts";
import type { Outside } from "./outside.ts";
import { checkUnrecorded, isOverwriting, nothingOverwritten, type Overwrites } from "./overwrites.ts";
import { decodeManifest } from "./pak-content.ts";
import { Problems } from "./problems.ts";
import { askDryRun, findPublished } from "./registry-checks.ts";
import type { ReleasePlan } from "./release-plan.ts";

export interface Known {
  readonly inputs: DraftInputs;
  readonly outside: Outside;
}

/** `account/name`, when it can be known. */
export async function findId(
  context: Context,
  { inputs, outside, prepared }: Known & { readonly prepared: string | undefined },
  problems: Problems,
): Promise<PakId | undefined> {
  const { facts, manifest, options } = inputs;
  const { name } = manifest;
  const earlierTag = async (): Promise<string | undefined> => {
    const pak = { name, path: facts.place.path, prefix: options.tagPrefix };
    const found = await findEarlierAccount(facts.tree, listTagsOf(facts.refs, pak), name);
    return found ?? (options.push && !options.skipRegistry ? undefined : await askOwnAccount(context));
  };
  // Without a login the list says so already; that the account is unknown too is its consequence.
  if (outside.me.error && options.account === undefined && prepared === undefined) return undefined;
  const account = await problems.note(
    requireAccount({ flag: options.account, token: outside.me.value?.account, prepared, earlierTag }),
  );
  return account === undefined ? undefined : { account, name };
}

/** Tags of a pak, the highest version first. */
function listTagsOf(refs: readonly RefFact[], pak: Parameters<typeof tagVersion>[1]): RefFact[] {
  const tags = refs.flatMap((ref) => {
    const [tag] = tagNames([ref]);
    const version = tag === undefined ? undefined : tagVersion(tag, pak);
    return version === undefined ? [] : [{ ref, version }];
  });
  return tags.sort((a, b) => compareVersions(b.version, a.version)).map(({ ref }) => ref);
}

/** The registry is left out of this release, but whoever is logged in has an account. */
async function askOwnAccount(context: Context): Promise<string | undefined> {
  const quiet = new Problems();
  return (await quiet.note(context.registry().me()))?.account ?? undefined;
}

/** The registry's own checks, or its record when it has this release already. */
export async function askRegistry(
  context: Context,
  release: Known & { readonly draft: Draft; readonly id: PakId; readonly overwrites?: Overwrites | undefined },
  problems: Problems,
): Promise<ReleasePlan["published"]> {
  const { inputs, outside, draft, id, overwrites = nothingOverwritten } = release;
  const me = outside.me.value;
  if (!me) return undefined;
  const refused = checkToken(me, id);
  problems.add(refused);
  const address = outside.address.value;
  if (refused || address === undefined) return undefined;
  const registry = context.registry();
  if (draft.remote && draft.remote.commit === (draft.standsAt ?? inputs.facts.status.commit)) {
    return await findPublished(registry, { id, version: draft.version, digest: draft.digest }, problems);
  }
  if (isOverwriting(overwrites)) await checkUnrecorded(registry, { id, version: draft.version }, problems);
  // Without files the local checks have said why; the registry could only repeat it.
  if (draft.files.length === 0) return undefined;
  const findings = await problems.note(
    askDryRun(registry, {
      id,
      version: draft.version,
      tag: draft.tag,
      path: inputs.facts.place.path,
      repository: address,
      manifest: manifestAfter(inputs, draft),
      files: draft.files,
    }),
  );
  problems.add(...(findings ?? []));
  return undefined;
}

function manifestAfter({ content }: DraftInputs, { edit }: Draft): ReturnType<typeof decodeManifest> {
  const files = new Map(content.manifest.committed);
  if (edit) files.set(edit.file, edit.committed.bytes);
  return decodeManifest(files);
}
