/** Words of the language that cannot name anything. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "accept add address advertise after all allow always and area as authentication auto bfd bgp blackhole bonus both bridge broadcast by capabilities case check client cluster community " +
    "configure connect constant cost count debug default defined delay delete dest deterministic dev device direct disable disabled down dump echo else enable enabled error eval exact export " +
    "external extended fake filter filtered filters first for forget format from function generate global graceful gw hold hop hostname id if ifindex ifname igp import in include index init " +
    "interface interfaces internal interpret interval ipv4 ipv6 is_v4 is_v6 keep keepalive kernel last learn len limit link list lladdr local log long loops mask master max maxlen med members memory " +
    "merge metric min missing mrtdump multihop neighbor neighbors net netmask next noexport null off older on onlink ospf out output passive password path paths persist pipe port ppp prefer preference " +
    "prepend preexport primary print prohibit proto protocol protocols range receive recursive refresh reject reload remove reset restart restrict retry return rip route router routes routing rr rs scan scope " +
    "secondary self set shell show soft sorted source start startup static stats status stub switch symbols table template then threshold time timeformat timeout to ttl type undo unreachable unset via " +
    "vrf wait ms s us weight where yes no true false"
  ).split(" "),
);
