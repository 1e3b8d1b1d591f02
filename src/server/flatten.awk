# From a resolved file: one line for every line that belongs to a service: service, tab, key, tab, the line. Comparing two
# releases by it finds keys that can be named without revealing a value.
/^[^ ]/ { top = $1; next }
top != "services:" { next }
/^  [^ ]/ { service = key($0); next }
/^    [^ -]/ { name = section = key($0); print service "\t" name "\t" $0; next }
/^      [^ -]/ && (section == "environment" || section == "labels") { name = section " " key($0) }
{ print service "\t" name "\t" $0 }
