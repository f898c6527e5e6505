import { type GitObject, isSigned, objectMessage, readObjects, type RefFact, type WorkTree } from "@paks/git/work-tree";
import {
  compareVersions,
  type Finding,
  mayPublish,
  type MeDto,
  PaksError,
  parseAccountName,
  parsePakId,
  parseTagTrailers,
  type PakId,
  tagVersion,
  type Trailers,
} from "@paks/schema";
import { tagNames } from "./git-checks.ts";

export interface AccountSources {
  /** `--account` */
  readonly flag: string | undefined;
  /** That the user's configuration maps to the registry that is asked. */
  readonly mapped: string | undefined;
  /** Of the token in use. */
  readonly token: string | null | undefined;
  /** Of the version commit that HEAD is. */
  readonly prepared: string | undefined;
  /** Asked last: it takes a process. */
  readonly earlierTag: () => Promise<string | undefined>;
}

/** @throws PaksError INVALID_NAME; INVALID_PARAMETER when nothing says which account is meant */
export async function requireAccount(sources: AccountSources): Promise<string> {
  if (sources.flag !== undefined) return parseAccountName(sources.flag);
  const found = sources.mapped ?? sources.token ?? sources.prepared ?? (await sources.earlierTag());
  if (found !== undefined) return found;
  throw new PaksError("INVALID_PARAMETER", "It is not known under which account to publish.", {
    hint: "Name it: --account <name>. After paks login the token's own account is taken.",
    details: { field: "account" },
  });
}

/** A pak and the tags of its repository. */
export interface TaggedPak {
  readonly name: string;
  readonly path: string;
  readonly prefix?: string | undefined;
  readonly refs: readonly RefFact[];
}

/** The account that an earlier release of each pak was published under. At most one process. */
export async function findEarlierAccounts(
  tree: WorkTree,
  paks: readonly (TaggedPak | undefined)[],
): Promise<readonly (string | undefined)[]> {
  const tags = paks.map((pak) => (pak ? listAnnotatedTags(pak) : []));
  const read = await readAllTrailers(tree, tags.flat());
  return paks.map((pak, at) => {
    for (const { object } of tags[at]!) {
      const trailers = read.get(object);
      const id = trailers && parsePakId(trailers.package);
      if (id?.name === pak?.name) return id?.account;
    }
    return undefined;
  });
}

/** The highest version first; older ones than these would not be believed alone. */
function listAnnotatedTags({ refs, ...pak }: TaggedPak): RefFact[] {
  const tags = refs.flatMap((ref) => {
    if (ref.object === ref.commit) return [];
    const [tag] = tagNames([ref]);
    const version = tag === undefined ? undefined : tagVersion(tag, pak);
    return version === undefined ? [] : [{ ref, version }];
  });
  return tags
    .sort((a, b) => compareVersions(b.version, a.version))
    .slice(0, 20)
    .map(({ ref }) => ref);
}

const tagBytes = 1024 * 1024;

/** What an annotated tag asserts; nothing when it is none or does not say it our way. */
export async function readTrailers(tree: WorkTree, tag: RefFact): Promise<AssertedTrailers | undefined> {
  if (tag.object === tag.commit) return undefined;
  return trailersOf((await readObjects(tree, [tag.object], tagBytes)).get(tag.object));
}

/** Of many tags, in one process; by the tag object's id. */
export async function readAllTrailers(
  tree: WorkTree,
  tags: readonly RefFact[],
): Promise<ReadonlyMap<string, AssertedTrailers | undefined>> {
  const ids = [...new Set(tags.filter(({ object, commit }) => object !== commit).map(({ object }) => object))];
  if (ids.length === 0) return new Map();
  const objects = await readObjects(tree, ids, ids.length * tagBytes);
  return new Map(ids.map((id) => [id, trailersOf(objects.get(id))]));
}

export type AssertedTrailers = Trailers & { readonly signed: boolean };

function trailersOf(object: GitObject | undefined): AssertedTrailers | undefined {
  if (object?.type !== "tag") return undefined;
  const message = objectMessage(object);
  try {
    const trailers = parseTagTrailers(message);
    return trailers && { ...trailers, signed: isSigned(message) };
  } catch (error) {
    if (error instanceof PaksError && error.code === "TRAILER_MISMATCH") return undefined;
    throw error;
  }
}

/**
 * What the token allows, as far as it says itself.
 * @param mappedTo the registry, when it is asked because the user's configuration maps the account to it
 */
export function checkToken(me: MeDto, id: PakId, mappedTo?: string): Finding | undefined {
  if (mayPublish({ account: me.account, scopes: me.token.scopes }, id)) return undefined;
  if (me.account === null) {
    return {
      severity: "error",
      code: "NAMESPACE_FORBIDDEN",
      message: `You are logged in with a token of the registry itself, which cannot publish as ${id.account}.`,
      hint: `Log in with a token of ${id.account}.`,
    };
  }
  if (me.account !== id.account) {
    return {
      severity: "error",
      code: "NAMESPACE_FORBIDDEN",
      message: `You are logged in${mappedTo === undefined ? "" : ` to ${mappedTo}`} as ${me.account} and cannot publish as ${id.account}.`,
      hint:
        mappedTo === undefined
          ? `Leave out --account, or log in as ${id.account}.`
          : `Log in there as ${id.account}: paks login --registry ${mappedTo}`,
    };
  }
  return {
    severity: "error",
    code: "FORBIDDEN",
    message: `The token "${me.token.name}" may not publish ${id.account}/${id.name}.`,
    hint: "Make a token with the scope publish and log in with it.",
  };
}
