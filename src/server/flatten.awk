# From Compose's canonical YAML: one line for every line that belongs to a service: service, tab, key, tab, the line.
# Two releases that are compared by it differ in keys that can be named without telling a value.
/^[^ ]/ { top = $1; next }
top != "services:" { next }
/^  [^ ]/ { service = $1; gsub(/[:'"]/, "", service); next }
/^    [^ -]/ { section = $1; sub(/:$/, "", section); name = section; print service "\t" name "\t" $0; next }
/^      [^ -]/ && (section == "environment" || section == "labels") { name = $1; sub(/:$/, "", name); name = section " " name }
{ print service "\t" name "\t" $0 }
