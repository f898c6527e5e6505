import type { PakId } from "@paks/schema";
import { checkToken, findEarlierAccounts, requireAccount } from "./account.ts";
import { type Draft, type DraftInputs, formatPublish } from "./draft.ts";
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
  { inputs, outside, prepared }: Known & { readonly prepared: string | undefined },
  problems: Problems,
): Promise<PakId | undefined> {
  const { facts, manifest, options } = inputs;
  const { name } = manifest;
  const earlierTag = async (): Promise<string | undefined> => {
    const pak = { name, path: facts.place.path, prefix: options.tagPrefix, refs: facts.refs };
    const [found] = await findEarlierAccounts(facts.tree, [pak]);
    return found ?? (options.push && !options.skipRegistry ? undefined : await askOwnAccount(outside));
  };
  // Without a login the list says so already; that the account is unknown too is its consequence.
  const { me, mapped } = outside;
  if (me.error && options.account === undefined && mapped === undefined && prepared === undefined) return undefined;
  const account = await problems.note(
    requireAccount({ flag: options.account, mapped, token: me.value?.account, prepared, earlierTag }),
  );
  return account === undefined ? undefined : { account, name };
}

/** The registry is left out of this release, but whoever is logged in has an account. */
async function askOwnAccount({ registry }: Outside): Promise<string | undefined> {
  const quiet = new Problems();
  return (await quiet.note(registry.me()))?.account ?? undefined;
}

/** The registry's own checks, or its record when it has this release already. */
export async function askRegistry(
  release: Known & { readonly draft: Draft; readonly id: PakId; readonly overwrites?: Overwrites | undefined },
  problems: Problems,
): Promise<ReleasePlan["published"]> {
  const { inputs, outside, draft, id, overwrites = nothingOverwritten } = release;
  const { registry, mapped } = outside;
  const me = outside.me.value;
  if (!me) return undefined;
  const refused = checkToken(me, id, mapped === undefined ? undefined : registry.url);
  problems.add(refused);
  const address = outside.address.value;
  const command = formatPublish(inputs.facts.place.path, inputs.manifest.name);
  if (refused || address === undefined) return undefined;
  if (draft.remote && draft.remote.commit === (draft.standsAt ?? inputs.facts.status.commit)) {
    return await findPublished(registry, { id, version: draft.version, digest: draft.digest, command }, problems);
  }
  if (isUnseen(outside) && (await isRecorded(release))) return undefined;
  if (isOverwriting(overwrites)) await checkUnrecorded(registry, { id, version: draft.version, command }, problems);
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

/** The remote did not say which tags it has: whether this release is out is then known to the registry alone. */
const isUnseen = ({ refs }: Outside): boolean => refs.error !== undefined;

/** What the registry has with these very bytes is done, and nothing that a next version would help. */
async function isRecorded({
  outside,
  draft,
  id,
}: Known & { readonly draft: Draft; readonly id: PakId }): Promise<boolean> {
  const quiet = new Problems();
  return (await quiet.note(outside.registry.findRelease(id, draft.version)))?.digest === draft.digest;
}

function manifestAfter({ content }: DraftInputs, { edit }: Draft): ReturnType<typeof decodeManifest> {
  const files = new Map(content.manifest.committed);
  if (edit) files.set(edit.file, edit.committed.bytes);
  return decodeManifest(files);
}
