import { isPrerelease } from "@paks/schema";
import type { InstallRequest, PlannedPak } from "../workspace/plan-install.ts";
import { identityOf } from "../workspace/wish.ts";
import type { Fetched } from "./fetched.ts";

/** What is to be told of one pak behind its install. */
export function notesOf(pak: PlannedPak, fetched: Fetched | undefined, { save }: InstallRequest): readonly string[] {
  const { wish } = pak;
  const outside = `${wish?.text} is outside this project, so paks.jsonc and paks.lock do not name it.`;
  return [
    ...(fetched?.notes ?? []),
    ...preReleaseNote(pak, fetched),
    ...pinNote(pak, fetched),
    ...(save && wish && !wish.isSaved ? [outside] : []),
  ];
}

/** Whoever names a pak that is pinned may have forgotten it. */
function pinNote({ wish, before, folder }: PlannedPak, fetched: Fetched | undefined): readonly string[] {
  if (wish?.isNamed !== true || before?.pinned !== true) return [];
  const letGo = `Let it go: paks unpin ${folder}`;
  const version = fetched === undefined ? before.version : fetched.version;
  const to = version ?? "what is installed now";
  if (fetched === undefined || fetched.digest === before.digest)
    return [`${folder} is pinned to ${to} and stays there. ${letGo}`];
  return [`${folder} stays pinned, to ${to} from now on. ${letGo}`];
}

/** Whoever gives only a name may have meant the newest of all. */
export function keptRangeOf({ wish, identity }: PlannedPak, { named }: InstallRequest): string | undefined {
  if (wish?.source.type !== "registry" || wish.source.selector === "latest") return undefined;
  const asked = named.find(({ source }) => source.type === "registry" && identityOf(source) === identity);
  const isOnlyName = asked?.source.type === "registry" && asked.source.selector === undefined;
  return isOnlyName ? wish.source.selector : undefined;
}

/** The newest stable version was wanted, and there is none. */
function preReleaseNote({ wish, before, identity }: PlannedPak, fetched: Fetched | undefined): readonly string[] {
  if (wish?.isNamed !== true || wish.source.type !== "registry") return [];
  const { selector = "latest" } = wish.source;
  const version = fetched?.version ?? before?.version ?? "";
  if (selector !== "latest" || version === "" || !isPrerelease(version)) return [];
  return [`${identity} has no stable version yet: ${version} is the newest of its pre-releases.`];
}
