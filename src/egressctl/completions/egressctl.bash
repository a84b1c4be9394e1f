# bash completion for egressctl
_egressctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="allow apply check confirm deny diff dns doctor list open panic reload resume status verify version why"
  local common="--help --json --socket"
  local command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $commands " in *" $word "*) command=$word && break ;; esac
  done

  case $previous in
    --socket | --ca | --junit | --html | --netns | --egressd | --policy) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    --for) mapfile -t COMPREPLY < <(compgen -W "15m 1h 8h 1d" -- "$current") && return ;;
    --confirm) mapfile -t COMPREPLY < <(compgen -W "30s 2m 10m" -- "$current") && return ;;
    --agent-user) mapfile -t COMPREPLY < <(compgen -u -- "$current") && return ;;
    --timeout | --reason | --latest) COMPREPLY=() && return ;;
  esac

  local words
  case $command in
    "") words="$commands $common --version" ;;
    allow) words="$common --for --optional --private --metadata --reason --dry-run" ;;
    apply) words="$common --confirm --policy" ;;
    confirm) words="$common --policy" ;;
    deny) words="$common --dry-run" ;;
    open | panic) words="$common --yes --for" ;;
    dns) words="$common --latest" ;;
    doctor) words="$common --agent-user" ;;
    verify) words="$common --list --only --skip --as --netns --container --unit --junit --html --watch --ca --timeout" ;;
    check) words="$common --egressd" ;;
    *) words=$common ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $command == @(apply|check) && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _egressctl egressctl
