# The images of a sealed file, one per line: those of services, their hooks and their volumes.
/^[^ ]/ { top = key($0) }
top != "services" { next }
/^    [^ -]/ { section = key($0) }
/^    image:/ { print value($0) }
section == "pre_start" && /^(      - |        )image:/ { print value($0) }
section == "volumes" && /^      - / { kind = "" }
section == "volumes" && /^(      - |        )type:/ { kind = value($0) }
section == "volumes" && kind == "image" && /^        source:/ { print value($0) }
