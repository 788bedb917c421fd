# What building a kernel takes, for ci/l1-build and ci/gate-tree, which source this: the table of kernels, the compiler, make.
#
# They define `say MESSAGE...` and `die MESSAGE...`, and set before they build:
#   tree     the source          build   the build tree          name   what the kernel calls itself, after its version
# `select_kernel NAME` sets from the table what else is used here.

l1=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sprig/l1

table() { # KIND NAME KEY: the value, a list as words
  awk -v kind="[[$1]]" -v name="$2" -v key="$3" '
    /^\[\[/ { inside = $0 == kind; here = 0 }
    inside && /^[a-z]+ = / {
      value = $0
      sub(/^[a-z]+ = /, "", value); gsub(/["\[\],]/, "", value)
      if ($1 == "name") here = value == name
      else if (here && $1 == key) { print value; exit }
    }' "$l1/kernels.toml"
}

kernels() { awk '/^\[\[/ { inside = $0 == "[[kernel]]" } inside && $1 == "name" { gsub(/"/, "", $3); print $3 }' "$l1/kernels.toml"; }

# NAME+MUTANT is the kernel NAME with the bug of mutants/NAME/MUTANT.patch on top: docs/mutants-l1.md.
select_kernel() { # NAME[+MUTANT]: sets what the table says of it
  name=$1
  local row=${name%%+*} mutant=${name#"${name%%+*}"}
  flavour=$(table kernel "$row" flavour)
  [ -n "$flavour" ] || { say "there is no L1 kernel $row; there are: $(kernels | tr '\n' ' ')"; exit 2; }
  source=$(table kernel "$row" source)
  read -ra patches <<<"$(table kernel "$row" patches)"
  [ -z "$mutant" ] || patches+=("../mutants/$row/${mutant#+}.patch")
  package=$(table source "$source" package) version=$(table source "$source" version)
  read -ra fragments <<<"$(table flavour "$flavour" config)"
  local fragment patch
  for fragment in "${fragments[@]}"; do [ -f "$l1/$fragment" ] || die "kernels.toml: $name wants $fragment, which is not there"; done
  for patch in "${patches[@]}"; do [ -f "$l1/patches/$patch" ] || die "kernels.toml: $name wants patches/$patch, which is not there"; done
  cross=$(table flavour "$flavour" cross) minutes=$(table flavour "$flavour" minutes)
}

toolchain() {
  command -v "${cross}gcc" >/dev/null || die "no ${cross}gcc: run 'ci/setup kvm'"
  "${cross}gcc" --version | head -n 1
  "${cross}ld" --version | head -n 1
}

# A mutant goes by the name of the kernel it is made of: another one would be something more to build.
kbuild() { # TARGET...: the same bytes on every machine, at any time; the name shows in the version that the kernel prints
  nice make -C "$tree" O="$build" ARCH=powerpc CROSS_COMPILE="$cross" LOCALVERSION="-${name%%+*}" \
    KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=sprig KBUILD_BUILD_HOST=sprig "$@"
}

# Of what several fragments say of a symbol the last holds.
effective() { # the lines that are to take effect
  awk '{ symbol = /^# CONFIG_.* is not set$/ ? $2 : /^CONFIG_/ ? substr($0, 1, index($0, "=") - 1) : "" }
    symbol { line[symbol] = $0 } END { for (symbol in line) print line[symbol] }' "${fragments[@]/#/$l1/}" | sort
}

configure() { # allnoconfig and the fragments; `lost`: the lines of them that do not take effect
  lost=()
  effective >"$build/sprig-fragment"
  KCONFIG_ALLCONFIG=$build/sprig-fragment kbuild -s allnoconfig || return
  local line
  while IFS= read -r line; do
    case $line in
      CONFIG_*) grep -qxF "$line" "$build/.config" || lost+=("$line") ;;
      "# CONFIG_"*" is not set") ! grep -q "^${line:2:-11}=" "$build/.config" || lost+=("$line") ;;
    esac
  done <"$build/sprig-fragment"
}

build_vmlinux() { # LOG: shows progress, and of a build that fails what the compiler said
  kbuild -j"$(nproc)" vmlinux 2>&1 | tee "$1" | show_progress ||
    { grep -E -B 3 -A 10 '(error|Error|undefined)' "$1" | tail -n 40 >&2; return 1; }
}

show_progress() { # of make's output, a line a step
  awk -v name="ci/$(basename "$0"): $name" 'NR % 100 == 0 { print name ": " NR " files" >"/dev/stderr" }'
}

lock() { # FILE: until the end, or until descriptor 9 is closed
  exec 9>"$1"
  flock -n 9 || { say "waiting for another build"; flock 9; }
}
