import { homedir, userInfo } from "node:os";

/**
 * The user's home. Where `HOME` is not set or empty and the system knows nobody of that number, as in a container that
 * runs as just any user: `/`, which is what container programs set for them.
 */
export function homeFolder(): string {
  try {
    // Node 20 takes an empty `HOME` for a folder of that name, Bun for one that is not set.
    return homedir() || userInfo().homedir;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // What Node calls a system error has its own code in Bun 1.4.
    if (code === "ERR_SYSTEM_ERROR" || (code === "ENOENT" && syscall === "uv_os_homedir")) return "/";
    throw error;
  }
}
