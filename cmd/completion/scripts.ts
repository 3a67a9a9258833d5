/** The scripts that make a shell ask `netlog completion candidates` at each TAB. */

/** A line of candidates is a value, a tab, and what it is; this line stands for the paths of files. */
export const FILES_LINE = ":files";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type CompletedShell = (typeof SHELLS)[number];

export const SCRIPTS: Readonly<Record<CompletedShell, string>> = {
  bash: `# bash completion of netlog: source <(netlog completion bash)
_netlog() {
  local rest=\${COMP_LINE:0:COMP_POINT} last=\${COMP_WORDS[COMP_CWORD]} word typed cut value description path
  local -a words=()
  # Bash cuts words at = and : too, and what is offered is for the last piece.
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ \${#words[@]} == 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words+=("$word")
    else
      words[-1]+=$word
    fi
    rest=\${rest#"$word"}
  done
  typed=\${words[-1]}
  [[ $last == [=:] ]] && last=
  cut=\${typed%"$last"}
  COMPREPLY=()
  while IFS=$'\\t' read -r value description; do
    if [[ $value != ${FILES_LINE} ]]; then
      COMPREPLY+=("\${value#"$cut"}")
      continue
    fi
    compopt -o filenames
    while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -f -- "$last")
  done < <("\${COMP_WORDS[0]}" completion candidates -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _netlog netlog
`,
  zsh: `#compdef netlog
# zsh completion of netlog: source <(netlog completion zsh), behind compinit
_netlog() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" completion candidates -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == ${FILES_LINE} ]]; then
      _files
      continue
    fi
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( \${#found} )) && _describe netlog found
}
compdef _netlog netlog
`,
  fish: `# fish completion of netlog: netlog completion fish | source
function __netlog_candidates
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for line in ($words[1] completion candidates -- $words[2..-1] "$typed" 2>/dev/null)
        if test "$line" = "${FILES_LINE}"
            __fish_complete_path "$typed"
        else
            echo $line
        end
    end
end
complete -c netlog -f -a '(__netlog_candidates)'
`,
};
