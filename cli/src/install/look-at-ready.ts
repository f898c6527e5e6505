import { lookAtLeftovers } from "./leftovers.ts";
import { lookAtPlaced } from "./look-at-placed.ts";
import type { Placed } from "./place.ts";
import { type Ready, type Work, findNamed } from "./ready-pak.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import type { Looked } from "./skills-folder.ts";
import { findLeftOut, isOnlyFor, tellEdited } from "./unlink-left-out.ts";

/** What installing comes to when everything is as it would leave it; writes nothing. */
export async function lookAtReady(work: Work, opened: OpenWorkspace, ready: Ready): Promise<Looked<Placed[]>> {
  const { context, options, request, place } = work;
  const { plan, paks } = ready;
  const [orphan] = request.save ? plan.orphans : [];
  if (orphan !== undefined) return { owed: orphan };
  const looked = await lookAtPlaced(paks.map(({ placing }) => placing));
  if ("owed" in looked) return looked;
  const stay: string[] = [];
  for (const [index, pak] of paks.entries()) {
    if (!isOnlyFor(options, pak)) continue;
    const { edited, others } = await findLeftOut(context, pak.placing, looked.done[index]!);
    if (others[0] !== undefined) return { owed: others[0] };
    stay.push(...edited);
  }
  tellEdited(context, stay);
  const named = findNamed(work, opened, ready);
  return named ? await lookAtLeftovers(context, { skillsFolder: place.skillsFolder, named, looked }) : looked;
}
