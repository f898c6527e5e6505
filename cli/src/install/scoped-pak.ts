import type { InstallRequest, PlannedPak } from "../workspace/plan-install.ts";
import type { Scoped } from "./install-scopes.ts";
import type { Work } from "./ready-pak.ts";

/** The flags are also for what the command brings along, except for which tools: these are of those that need it. */
export const scopedOf = (pak: PlannedPak, request: InstallRequest): Scoped => ({
  folder: pak.folder,
  id: pak.wish === undefined || pak.wish.source.type === "registry" ? pak.identity : undefined,
  dependencies: pak.dependencies,
  before: pak.before,
  isAsked: isMeant(pak, request) || pak.before === undefined,
  isDependency: pak.wish === undefined,
});

/** Whether the command is about it: it names it, or nothing and so all. */
export const isMeant = ({ wish }: PlannedPak, { named }: InstallRequest): boolean =>
  named.length === 0 || wish?.isNamed === true;

/** No lock says whether there are to be copies: so those that are there do, unless somebody names the pak and the tool. */
export const isKeepingCopies = ({ options, request }: Work, pak: PlannedPak): boolean =>
  !request.save && options.copy === undefined && !(isMeant(pak, request) && options.agents.length > 0);
