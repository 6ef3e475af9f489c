#!/bin/bash
# Makes this checkout ready to run: Debian packages, .venv, the program itself. `make setup` calls it.
# What is there already is left alone, so a second run needs no network; a broken-off run is made good.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONHOME PYTHONPATH
stamp=.venv/huyue-setup

say() { printf '%s\n' "$*" >&2; }
stop() { printf '\n安装没有完成：%s\nSet-up failed: %s\n' "$1" "$2" >&2; exit 1; }

# One set-up at a time. The lock is on this script itself and goes with the last process that holds it.
exec 9<.ci/setup.sh
if command -v flock >/dev/null && ! flock -n 9; then
    say "另一个安装正在进行，等它结束…… (waiting for another set-up)"
    flock 9 || true
fi

# ---- What of .venv is done already ----

sum() { sha256sum "$1" | cut -d ' ' -f 1; }
lock="$(sum requirements.lock) $PWD" # a .venv does not survive being moved
program=$(sum pyproject.toml)
alive() { [ -x .venv/bin/huyue ] && .venv/bin/python -c 'import msgspec' 2>/dev/null; }

done_lock='' done_program=''
if [ -f "$stamp" ] && alive; then
    { read -r done_lock && read -r done_program; } <"$stamp" || true
fi

# ---- Python, LibreOffice, fonts; poppler and Chromium for the tests ----

usable_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() { # the first that can make a .venv; requirements.lock is made with 3.11
    local candidate
    for candidate in python3.11 python3 /usr/bin/python3 python3.12 python3.13; do
        if usable_python "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

font() { # is there a font file of this name where the program looks?
    local folder
    for folder in ~/.local/share/fonts ~/.fonts /usr/local/share/fonts /usr/share/fonts; do
        if [ -d "$folder" ] && [ -n "$(find -L "$folder" -iname "$1" -size +0 -print -quit 2>/dev/null)" ]; then
            return 0
        fi
    done
    return 1
}

writer() { # LibreOffice with Writer, in the places where the program looks
    local found folder
    found=$(command -v soffice || command -v libreoffice || true)
    for folder in /usr/lib/libreoffice/program /opt/libreoffice/program "$(dirname "$(readlink -f "$found" || true)")"; do
        [ -e "$folder/libswlo.so" ] && return 0
    done
    [ -n "$found" ] && [ ! -d /usr/lib/libreoffice ] # not Debian's parts: taken as whole
}

writer_package() { # a desktop LibreOffice is added to, not replaced
    if [ "$(dpkg_status libreoffice-core)" = installed ]; then
        printf 'libreoffice-writer\n'
    else
        printf 'libreoffice-writer-nogui\n'
    fi
}

dpkg_status() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true; }

settled() { # was dpkg broken off in the middle of this package?
    case $(dpkg_status "$1") in
    unpacked | half-* | triggers-*) return 1 ;;
    esac
}

missing_packages() {
    [ "$done_lock" = "$lock" ] || find_python >/dev/null || printf 'python3-venv\n'
    { writer && settled "$(writer_package)"; } || writer_package
    { font NotoSerifCJK-Regular.ttc && font NotoSansCJK-Regular.ttc && settled fonts-noto-cjk; } ||
        printf 'fonts-noto-cjk\n'
    { font 'LXGWWenKai-Regular.tt[fc]' && settled fonts-lxgw-wenkai; } || printf 'fonts-lxgw-wenkai\n'
    { font HanaMinB.ttf && settled fonts-hanazono; } || printf 'fonts-hanazono\n'
    { font BabelStoneHan.ttf && settled fonts-babelstone-han; } || printf 'fonts-babelstone-han\n'
    { command -v pdftotext && command -v pdftoppm; } >/dev/null || printf 'poppler-utils\n'
    command -v chromium >/dev/null || printf 'chromium\n'
    command -v make >/dev/null || printf 'make\n'
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@" 9<&-; else sudo -n "$@" 9<&-; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
        "$@" </dev/null >&2
}

install_packages() {
    local package
    as_root dpkg --configure -a </dev/null >&2 || true # what an interrupted run left
    apt update || say "软件列表没有全部更新，继续试着安装。 (apt-get update failed, going on)"
    if ! apt install -y --no-remove --no-install-recommends "$@"; then
        say "一次装不上，逐个再试…… (one by one)"
        for package in "$@"; do
            apt install -y --no-remove --no-install-recommends "$package" || true
        done
    fi
}

mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
    command="apt-get install --no-install-recommends ${missing[*]}"
    if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
        say "安装系统软件：${missing[*]} …… (installing Debian packages)"
        install_packages "${missing[@]}"
        hash -r
        mapfile -t missing < <(missing_packages)
        zh="上面的 apt-get 没有装上，看它报的错误（网络？软件源？），解决后重新运行。"
        en="apt-get could not install them, see its messages above; then run this again."
    elif command -v apt-get >/dev/null; then
        zh="当前用户不是 root，也不能免密码 sudo。请让管理员运行：$command"
        en="not root and no password-free sudo; ask an administrator to run the command above."
    else
        zh="这台机器没有 apt-get。请自行安装 Python 3.11 以上（带 venv）、LibreOffice Writer、Noto CJK 字体、"
        zh+="霞鹜文楷，以及含生僻字的花园明朝、BabelStone Han（包名是 Debian 的）；运行测试还要 poppler-utils。"
        en="no apt-get here; install Python >= 3.11 with venv, LibreOffice Writer and these fonts yourself; tests need poppler-utils."
    fi
fi
needed=()
for package in ${missing[@]+"${missing[@]}"}; do
    case $package in
    fonts-lxgw-wenkai | fonts-hanazono | fonts-babelstone-han)
        say "缺字体 $package：能运行，但楷体或生僻字会用别的字体或打不出，有的测试会不通过。$zh (fonts missing, going on)" ;;
    poppler-utils | chromium) say "缺 $package：能运行，但有的测试会不通过。$zh ($package missing, going on)" ;;
    *) needed+=("$package") ;;
    esac
done
if [ ${#needed[@]} -gt 0 ]; then
    stop "缺 ${needed[*]}。$zh" "missing ${needed[*]}: $en"
fi

# ---- .venv ----

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input "$@" >&2; }

if [ "$done_lock" != "$lock" ]; then
    say "建立 Python 环境 .venv …… (making .venv)"
    rm -f "$stamp"
    "$(find_python)" -m venv --clear .venv >&2 ||
        stop "建不了 .venv，见上面的错误。" "python -m venv failed, see above."
    say "安装 Python 包（首次约需几分钟）…… (installing Python packages)"
    pip install --require-hashes -r requirements.lock ||
        stop "Python 包没有装上，见上面的错误。多半是网络：国内可先用 pip config set global.index-url 设一个镜像，再重新运行。" \
            "pip could not install the packages, see above; check the network or pip's index setting, then run this again."
    done_program=''
fi
if [ "$done_program" != "$program" ]; then
    say "安装户约…… (installing huyue)"
    pip install -q --no-deps --no-build-isolation -e . ||
        stop "户约装不上，见上面的错误。" "pip could not install the project, see above."
    printf '%s\n%s\n' "$lock" "$program" >"$stamp.new"
    mv "$stamp.new" "$stamp"
    say "准备好了：.venv/bin/huyue (ready)"
fi
