# fish completion for egressctl
set -l commands allow apply check confirm deny diff dns doctor list open panic presets reload resume status verify version why

complete -c egressctl -f
complete -c egressctl -s h -l help -d 'show help'
complete -c egressctl -l json -d 'print JSON'
complete -c egressctl -l socket -r -F -d 'control socket'
complete -c egressctl -n "not __fish_seen_subcommand_from $commands" -l version -d 'show the version'

function __egressctl_command -a name description
    complete -c egressctl -n "not __fish_seen_subcommand_from $argv[3..]" -a $name -d $description
end
__egressctl_command allow 'allow targets' $commands
__egressctl_command apply 'put a policy file in force' $commands
__egressctl_command check 'check a policy file' $commands
__egressctl_command confirm 'keep the policy that apply has put in force' $commands
__egressctl_command deny 'take back what allow added' $commands
__egressctl_command diff 'compare the kernel with what is desired' $commands
__egressctl_command dns 'show what the DNS guard did' $commands
__egressctl_command doctor 'show what weakens isolation' $commands
__egressctl_command list 'show every entry' $commands
__egressctl_command open 'let everything pass for a while' $commands
__egressctl_command panic 'close everything but loopback' $commands
__egressctl_command presets 'show the presets' $commands
__egressctl_command reload 'read the policy files again' $commands
__egressctl_command resume 'end open or panic' $commands
__egressctl_command status 'show whether the policy is enforced' $commands
__egressctl_command verify 'prove that only the allow-list is reachable' $commands
__egressctl_command version 'show the versions' $commands
__egressctl_command why 'tell whether a target is allowed, and by what' $commands
functions -e __egressctl_command

complete -c egressctl -n '__fish_seen_subcommand_from allow open panic' -l for -x -a '15m 1h 8h 1d' -d 'end after this time'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l optional -d 'report a failure to resolve quietly'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l private -d 'open private addresses too'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l metadata -d 'open loopback and metadata addresses too'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l wide -d 'a wildcard may cover names that strangers register'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l srv -d 'also what SRV records of the name lead to'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l except -x -d 'not this name below the wildcard'
complete -c egressctl -n '__fish_seen_subcommand_from allow' -l reason -x -d why
complete -c egressctl -n '__fish_seen_subcommand_from allow deny' -l dry-run -d 'change nothing'
complete -c egressctl -n '__fish_seen_subcommand_from open panic' -l yes -d 'it is meant'
complete -c egressctl -n '__fish_seen_subcommand_from apply' -l confirm -x -a '30s 2m 10m' -d 'revert unless confirmed'
complete -c egressctl -n '__fish_seen_subcommand_from apply confirm' -l policy -r -F -d 'policy file of egressd'
complete -c egressctl -n '__fish_seen_subcommand_from apply check' -F
complete -c egressctl -n '__fish_seen_subcommand_from dns' -l latest -x -d 'of the questions'
function __egressctl_presets
    set -l folder /usr/share/egressd/rules
    set -q EGRESSD_RULES_DIR; and set folder $EGRESSD_RULES_DIR
    for file in $folder/*.yaml
        basename $file .yaml
    end
end
complete -c egressctl -n '__fish_seen_subcommand_from allow' -a 'preset:(__egressctl_presets)'
complete -c egressctl -n '__fish_seen_subcommand_from allow deny why' -a 'tcp/ udp/ icmp/ esp/ gre/ ipip/' -d transport
complete -c egressctl -n '__fish_seen_subcommand_from presets' -a '(__egressctl_presets)'
complete -c egressctl -n '__fish_seen_subcommand_from presets' -l rules-dir -r -F -d 'folder of the presets'
complete -c egressctl -n '__fish_seen_subcommand_from presets' -l check -d 'say what is wrong in any of them'
complete -c egressctl -n '__fish_seen_subcommand_from check' -l egressd -r -F -d 'program that checks'
complete -c egressctl -n '__fish_seen_subcommand_from doctor' -l agent-user -x -a '(__fish_complete_users)' -d 'as which the agent runs'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l list -d 'print the kinds of probes'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l only -x -d 'make only these probes'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l skip -x -d 'leave these probes out'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l outside -r -F -d 'try the hosts of this file'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l as -x -a '(__fish_complete_users)' -d 'probe as this user'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l netns -r -F -d 'probe inside this network namespace'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l container -x -d 'probe inside this container'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l unit -x -d 'probe inside the cgroup of this unit'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l junit -r -F -d 'write JUnit XML'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l html -r -F -d 'write a page of HTML'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l watch -x -a '5m 1h' -d 'verify again and again'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l ca -r -F -d 'CA certificates'
complete -c egressctl -n '__fish_seen_subcommand_from verify' -l timeout -x -d 'of one probe'
