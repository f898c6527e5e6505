import { defineCommand } from "../command.ts";
import { scripts, shells } from "../completions/scripts.ts";

export const completions = defineCommand({
  command: "completions <shell>",
  describe: "Print the completions for bash, zsh, fish or PowerShell",
  examples: [
    ['eval "$(paks completions bash)"', "in ~/.bashrc; the same for zsh in ~/.zshrc"],
    ["paks completions fish > ~/.config/fish/completions/paks.fish", "once"],
    ["paks completions powershell | Out-String | iex", "in $PROFILE"],
  ],
  builder: (yargs) =>
    yargs.positional("shell", { choices: shells, demandOption: true, describe: "The shell that asks" }),
  run: ({ shell }) => ({ data: { shell, script: scripts[shell] }, text: scripts[shell].trimEnd() }),
});
