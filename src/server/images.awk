# The image of every service of a sealed file, one a line.
/^[^ ]/ { top = key($0) }
top == "services" && /^    image:/ { print value($0) }
