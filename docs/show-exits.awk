# What `sprig repro` prints, condensed: of the steps that exit or read an alias, the step, its observation and its exits.
# Misses of the TLB that KVM keeps for the guest are left out: how many there are depends on where the VMM's own pages lie.

{
    gsub(/[0-9]+ [di]tlb_virt_miss(, )?/, "")
    sub(/, *$/, "")
    sub(/exits: *$/, "exits: none")
}

/ exits: / {
    exits = $0
    sub(/.*exits: /, "", exits)
    sub(/ *exits:.*/, "")
    value = ""
    if ($(NF - 1) == "=") {
        value = $(NF - 2) " = " $NF
        sub(/ [^ ]+ = [^ ]+$/, "")
    }
    if (value ~ /^(before|after|in-problem)/ || / (exit|host|taken|enter|hold)( |$)/) {
        sub(/^ *line +[0-9]+ +/, "")
        sub(/   .*/, "")
        printf "%-36s%-38s%s\n", $0, value, exits
    }
}

/exits in all/
