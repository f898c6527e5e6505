export const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

/** What each shell has to run once. They all ask the same hidden command, which therefore knows what is new. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# paks completions for bash. Put this into ~/.bashrc:  eval "$(paks completions bash)"
_paks() {
  local line="\${COMP_LINE:0:COMP_POINT}" breaks="" value files="" full tail kept
  local -a words
  read -r -a words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  full="\${words[\${#words[@]}-1]}"
  # Bash replaces only what stands behind the last of these, and an @ itself too.
  for value in "=" ":" "@"; do [[ $COMP_WORDBREAKS == *"$value"* ]] && breaks+="$value"; done
  tail="$full"
  [[ -n $breaks ]] && tail="\${full##*[$breaks]}"
  kept="\${full%"$tail"}"
  [[ $breaks == *"@"* ]] && kept="\${kept%"@"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == ":files" ]]; then files=1
    elif [[ -n $value ]]; then COMPREPLY+=("\${value#"$kept"}"); fi
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2> /dev/null)
  [[ -n $files && \${#COMPREPLY[@]} -eq 0 ]] || return 0
  compopt -o filenames 2> /dev/null
  while IFS= read -r value; do COMPREPLY+=("\${value#"$kept"}"); done < <(compgen -f -- "$full")
}
complete -F _paks paks
`,
  zsh: `#compdef paks
# paks completions for zsh. Put this into ~/.zshrc, behind compinit:  eval "$(paks completions zsh)"
_paks() {
  local -a values
  local value describe files=0
  while IFS=$'\\t' read -r value describe; do
    if [[ $value == ":files" ]]; then files=1
    elif [[ -n $value ]]; then values+=("\${value//:/\\\\:}\${describe:+:$describe}"); fi
  done < <("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2> /dev/null)
  local found=1
  (( \${#values} )) && _describe -t paks paks values && found=0
  (( files )) && _files && found=0
  return found
}
if [[ "\${funcstack[1]}" == "_paks" ]]; then _paks "$@"; else compdef _paks paks; fi
`,
  fish: `# paks completions for fish. Save it:  paks completions fish > ~/.config/fish/completions/paks.fish
function __paks_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in ($typed[1] complete -- $typed[2..-1] "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c paks -f -a '(__paks_complete)'
`,
  powershell: `# paks completions for PowerShell. Put this into $PROFILE:  paks completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName paks -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition })
    $words = @($typed | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    # Older versions pass no empty word to a program.
    $next = @(if ($wordToComplete -eq '' -and $typed[-1].Extent.EndOffset -lt $cursorPosition) { '--next' })
    # Behind a comma only the part after it is replaced.
    $full = if ($next.Count -eq 0 -and $words.Count -gt 0) { $words[-1] } else { '' }
    $kept = if ($full.EndsWith($wordToComplete)) { $full.Length - $wordToComplete.Length } else { 0 }
    # Quoted: on Windows npm starts it through paks.ps1, which a bare one would not reach.
    paks complete @next '--' @words 2> $null | ForEach-Object {
        $value, $describe = $_ -split "\`t", 2
        if ($value -and $value -ne ':files' -and $value.Length -gt $kept) {
            $tip = if ($describe) { $describe } else { $value }
            [System.Management.Automation.CompletionResult]::new($value.Substring($kept), $value, 'ParameterValue', $tip)
        }
    }
}
`,
};
