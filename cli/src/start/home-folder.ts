import { homedir } from "node:os";

/**
 * The user's home. Where `HOME` is not set and the system knows nobody of that number, as in a container that runs as
 * just any user: `/`, which is what container programs set for them.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SYSTEM_ERROR") throw error;
    return "/";
  }
}
