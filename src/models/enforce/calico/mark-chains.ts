/**
 * Chains that stand only beside IPVS: whether a packet at INPUT is for a service, a mark for whence it came, and at OUTPUT the way back
 * from the mark to the chain of its endpoint (felix/rules/static.go, dispatch.go, endpoints.go).
 */
import { compareText } from "../../../base/names.js";
import type { MarkSpace } from "./endpoint-marks.js";
import { fixedSetName, HOST_FORWARD_PREFIX, limitedName, workloadChainName } from "./felix-names.js";
import { action, type FelixChain, felixRule, type FelixRule, MARK, match } from "./felix-rule.js";
import { dispatchTree } from "./workload-chains.js";

/** Interfaces that have endpoints: of workloads and of the host. */
export interface MarkedInterfaces {
  readonly workloads: readonly string[];
  readonly hosts: readonly string[];
  readonly marks: ReadonlyMap<string, number>;
}

/** Set of the node's own addresses, those of kube-ipvs0 left out. */
export const THIS_HOST = "this-host";
const NODE_PORTS = "30000:32767";
const SET_MARK = "cali-set-endpoint-mark";
const FROM_MARK = "cali-from-endpoint-mark";
/** Before the name of an interface. */
export const SET_MARK_PREFIX = "cali-sm-";

const setMarkChainName = (device: string): string => limitedName(SET_MARK_PREFIX, device);

/** What cali-INPUT asks before it takes a packet for the host's own. */
export function markingRules({ mask }: MarkSpace): readonly FelixRule[] {
  return [felixRule([], action.clear(mask)), felixRule([], action.jump("cali-forward-check")), felixRule([match.markAny(mask)], action.return)];
}

/** What cali-OUTPUT asks before it takes a packet for the host's own. */
export const markedRule = ({ mask }: MarkSpace): FelixRule => felixRule([match.markAny(mask)], action.goto("cali-forward-endpoint-mark"));

/** The fixed ones of these chains. */
export function fixedMarkChains({ mask, other }: MarkSpace): readonly FelixChain[] {
  const toHost = match.inSet(fixedSetName(THIS_HOST), "dst");
  const nodePort = (protocol: string): FelixRule => felixRule([`-p ${protocol}`, match.toPorts(NODE_PORTS), toHost], action.goto(SET_MARK), ["To kubernetes NodePort service"]);
  return [
    {
      name: "cali-forward-check",
      rules: [
        felixRule([match.state("RELATED,ESTABLISHED")], action.return),
        nodePort("tcp"),
        nodePort("udp"),
        felixRule([match.notInSet(fixedSetName(THIS_HOST), "dst")], action.jump(SET_MARK), ["To kubernetes service"]),
      ],
    },
    {
      name: "cali-forward-endpoint-mark",
      rules: [
        felixRule([match.markIsNot(other, mask)], action.jump(FROM_MARK)),
        felixRule(["--out-interface cali+"], action.jump("cali-to-wl-dispatch")),
        felixRule([], action.jump("cali-to-hep-forward")),
        felixRule([], action.clear(mask)),
        felixRule([match.markSet(MARK.accept)], action.accept, ["Policy explicitly accepted packet."]),
      ],
    },
  ];
}

/** From interfaces to marks and back. */
export function markChains({ workloads, hosts, marks }: MarkedInterfaces, { mask, other }: MarkSpace): readonly FelixChain[] {
  const trees = [workloads, hosts].map((names) => dispatchTree(SET_MARK, names, "--in-interface", setMarkChainName, []));
  const back = (names: readonly string[], chainOf: (device: string) => string): readonly FelixRule[] =>
    [...names].sort(compareText).flatMap((name) => {
      const mark = marks.get(name);
      return mark === undefined ? [] : [felixRule([match.markIs(mark, mask)], action.goto(chainOf(name)))];
    });
  return [
    ...trees.flatMap((tree) => tree.slice(0, -1)),
    {
      name: SET_MARK,
      rules: [
        ...trees.flatMap((tree) => tree.at(-1)!.rules),
        felixRule(["--in-interface cali+"], action.drop, ["Unknown endpoint"]),
        felixRule([], action.mark(other, mask), ["Non-Cali endpoint mark"]),
      ],
    },
    {
      name: FROM_MARK,
      rules: [
        ...back(workloads, (name) => workloadChainName(name, "egress")),
        ...back(hosts, (name) => limitedName(HOST_FORWARD_PREFIX.ingress, name)),
        felixRule([], action.drop, ["Unknown interface"]),
      ],
    },
    ...[...workloads, ...hosts].map((name): FelixChain => {
      const mark = marks.get(name);
      return { name: setMarkChainName(name), rules: mark === undefined ? [] : [felixRule([], action.mark(mark, mask))] };
    }),
  ];
}
