# Installs pinned packages, once: sourced by the programs that need them. Two runs may share a folder, hence the locks.

# npm_packages FROM TO: what FROM/package-lock.json names, below TO/node_modules. No install script runs.
npm_packages() {
    local from=$1 to=$2
    mkdir -p "$to"
    (
        flock 9
        if ! cmp -s "$from/package-lock.json" "$to/installed-lock.json"; then
            rm -rf "$to/installed-lock.json" "$to/node_modules"
            cp "$from/package.json" "$from/package-lock.json" "$to"
            # The programs run on the Node.js that is installed here, so the age of npm's own is no matter.
            cd "$to"
            npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
            cp "$from/package-lock.json" installed-lock.json
        fi
    ) 9>"$to/lock" >&2
}

# python_packages REQUIREMENTS TO: sets `python` to a command that finds them.
python_packages() {
    local requirements=$1 to=$2
    mkdir -p "$to"
    (
        flock 9
        if ! cmp -s "$requirements" "$to/installed.txt"; then
            rm -rf "$to/installed.txt" "$to/venv" "$to/packages"
            # Debian packages venv apart from Python; pip alone fills a plain directory.
            if python3 -m venv "$to/venv" 2>/dev/null; then
                "$to/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
            else
                rm -rf "$to/venv"
                python3 -m pip install --quiet --disable-pip-version-check -r "$requirements" --target "$to/packages"
            fi
            cp "$requirements" "$to/installed.txt"
        fi
    ) 9>"$to/lock" >&2
    if [[ -d $to/venv ]]; then
        python=("$to/venv/bin/python")
    else
        python=(env "PYTHONPATH=$to/packages" python3)
    fi
}
