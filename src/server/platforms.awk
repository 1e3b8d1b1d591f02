# The images of a sealed file for which a service sets the platform, one per line: image, tab, platform.
/^[^ ]/ { top = key($0) }
top != "services" { next }
/^  [^ ]/ { image = platform = "" }
/^    image:/ { image = value($0) }
/^    platform:/ { platform = value($0) }
/^    (image|platform):/ && image != "" && platform != "" { print image "\t" platform }
