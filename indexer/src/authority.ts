import type { Binding, EvidenceKind, OpenEvidence } from "@paks/db";
import { formatPakId, mayPublish, PaksError } from "@paks/schema";

/** What a tag wants to release, and from where in its repository. */
export interface Claim {
  readonly account: string;
  /** `undefined`: there is no such account. */
  readonly accountId: string | undefined;
  readonly name: string;
  /** Folder inside the repository, "" = the root. */
  readonly path: string;
  /** True when the tag itself names the pak in its trailers, which takes push rights to the repository. */
  readonly named: boolean;
}

export interface Proof {
  /** The paks that are bound to the repository. */
  readonly bindings: readonly Binding[];
  /** All evidence of the attempt: one stranger's hint takes nothing from the author's. */
  readonly evidence: readonly OpenEvidence[];
}

export interface Grant {
  readonly accountId: string;
  /** The strongest evidence that holds. */
  readonly evidence: EvidenceKind;
  readonly tokenId: string | null;
  readonly mayBind: boolean;
  /** Set when the pak or the place is bound otherwise; told after the content was judged, which often says why. */
  readonly conflict: PaksError | undefined;
}

const publishHint = "Release it once with `paks publish`, logged in as that account.";

/**
 * Who may publish. At a place that is bound to this pak the tag itself is evidence enough: only someone with push
 * rights can have put it there. A new place takes a token of the account, and the tag or the repository must name it.
 * @throws PaksError NAMESPACE_FORBIDDEN, EVIDENCE_TOO_WEAK, BINDING_CONFLICT, REPOSITORY_IDENTITY_CHANGED
 */
export function requireAuthority(claim: Claim, proof: Proof): Grant {
  const bound = proof.bindings.find((binding) => binding.path === claim.path && isSamePak(binding, claim));
  if (bound) return grantBound(bound, claim, proof);
  const conflict = findConflict(claim, proof.bindings);
  const token = findToken(claim, proof);
  if (token && claim.accountId !== undefined) {
    const { accountId } = claim;
    return { accountId, evidence: "token", tokenId: token.tokenId, mayBind: true, conflict };
  }
  throw conflict ?? refusal(claim, proof);
}

const isSamePak = (binding: Binding, claim: Claim): boolean =>
  binding.account === claim.account && binding.name === claim.name;

function grantBound(bound: Binding, claim: Claim, proof: Proof): Grant {
  if (bound.state === "frozen") {
    throw new PaksError("REPOSITORY_IDENTITY_CHANGED", `Publishing ${formatPakId(claim)} is frozen.`, {
      hint: "The repository behind this address changed; its former owner has to confirm.",
    });
  }
  const { accountId } = bound;
  const token = proof.evidence.find((row) => row.accountId === accountId && covers(row, claim));
  const webhook = proof.evidence.some((row) => row.kind === "webhook" && row.accountId === accountId);
  const evidence = token ? "token" : webhook ? "webhook" : "binding";
  return { accountId, evidence, tokenId: token?.tokenId ?? null, mayBind: false, conflict: undefined };
}

/** The token that may bind the pak to this place. */
function findToken(claim: Claim, { bindings, evidence }: Proof): OpenEvidence | undefined {
  const knownHere = bindings.some(({ account }) => account === claim.account);
  return evidence.find(
    (row) =>
      claim.accountId !== undefined &&
      row.accountId === claim.accountId &&
      covers(row, claim) &&
      (claim.named || (knownHere && row.path === claim.path)),
  );
}

/** Scopes are read when the tag is indexed: of a token that was revoked meanwhile nothing is left. */
const covers = ({ kind, account, scopes }: OpenEvidence, claim: Claim): boolean =>
  kind === "token" && mayPublish({ account, scopes: scopes ?? [] }, claim);

function findConflict(claim: Claim, bindings: readonly Binding[]): PaksError | undefined {
  const id = formatPakId(claim);
  const elsewhere = bindings.find((binding) => isSamePak(binding, claim));
  if (elsewhere) {
    return new PaksError(
      "BINDING_CONFLICT",
      `${id} is released from ${place(elsewhere.path)}, not from ${place(claim.path)}.`,
      {
        hint: `Put it back into ${place(elsewhere.path)}, or choose another name: a registry cannot move a pak to another folder yet.`,
        details: { bound_path: elsewhere.path, path: claim.path },
      },
    );
  }
  const other = bindings.find((binding) => binding.path === claim.path);
  if (!other) return undefined;
  return new PaksError("BINDING_CONFLICT", `${capital(place(claim.path))} releases ${formatPakId(other)}, not ${id}.`, {
    hint: "Keep the name, or put the new pak into a folder of its own.",
    details: { bound: formatPakId(other), path: claim.path },
  });
}

const place = (path: string): string => (path === "" ? "the repository's root" : `the folder ${path}`);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Why nothing that was given suffices for a new place. */
function refusal(claim: Claim, { bindings, evidence }: Proof): PaksError {
  const id = formatPakId(claim);
  if (claim.accountId === undefined) {
    return forbidden(`There is no account ${claim.account}.`, "Ask the registry's operator for the account first.");
  }
  const own = evidence.filter((row) => row.accountId === claim.accountId);
  const tokens = own.filter((row) => row.kind === "token");
  if (tokens.some((row) => covers(row, claim))) {
    return tooWeak(`A token alone does not bind ${id} to this repository: the tag does not name it.`);
  }
  if (tokens.some((row) => row.scopes !== null)) {
    return forbidden(`The token may not publish ${id}.`, `Use a token with the scope publish:${id}.`);
  }
  if (tokens.length > 0) {
    return forbidden(`The token for ${id} expired or was revoked before the tag was read.`, "Log in and ask again.");
  }
  const weak = own.some((row) => row.kind === "webhook") || bindings.some(({ account }) => account === claim.account);
  if (weak) return tooWeak(`${id} is new here, and neither a webhook nor a tag alone makes a new pak.`);
  return forbidden(`Nothing proves that ${claim.account} wants ${id} released from this repository.`, publishHint);
}

const forbidden = (message: string, hint: string): PaksError => new PaksError("NAMESPACE_FORBIDDEN", message, { hint });
const tooWeak = (message: string): PaksError => new PaksError("EVIDENCE_TOO_WEAK", message, { hint: publishHint });
