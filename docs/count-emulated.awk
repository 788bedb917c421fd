# Emulated instructions in the first, second and third race of a script, from what `sprig repro` prints.

/race of/ { race++ }
match($0, /[0-9]+ emulated/) { count[race] += substr($0, RSTART) }
END { printf "%5d %5d %5d\n", count[1], count[2], count[3] }
