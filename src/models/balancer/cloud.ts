/**
 * A cloud's pass-through load balancer: packets come to a node as the client sent them, and the node's kube-proxy knows the
 * address. The router before the nodes spreads by source and destination address over those that answer their health check
 * (a multipath route); a target group without any is a black hole.
 */
import { SECOND } from "../../base/time.js";
import { type Balanced, type BalancerDoor, type BalancerModel, CLOUD_WORDS, fromPool } from "./balancer-model.js";

/** Ten seconds twice, as AWS's network load balancers ask unless told otherwise; the timeout is that of the others. */
const CHECK = Object.freeze({ interval: 10 * SECOND, timeout: 5 * SECOND, failures: 2, passes: 1 });
const DELAY = 2 * SECOND;

/** `pool` are the addresses it may give, which no device has; `device` is the router's towards the nodes. */
export function cloud({ pool, device }: { readonly pool: readonly string[]; readonly device: string }): BalancerModel {
  return Object.freeze<BalancerModel>({
    name: "cloud",
    ipMode: "VIP",
    check: CHECK,
    delay: DELAY,
    words: CLOUD_WORDS,
    address: (_door, ask) => fromPool(pool, ask),
    place: (door) => door.fabric,
    sync(door, service) {
      const { address, nodes } = service;
      const cause = door.cause(`Service ${service.key}`, "status.loadBalancer.ingress[0].ip");
      const base = { verb: "route-replace", ns: door.fabric, dst: `${address}/32`, cause } as const;
      if (nodes.length === 0) door.plumb({ ...base, type: "blackhole" });
      else if (nodes.length === 1) door.plumb({ ...base, via: nodes[0]!.address, dev: device });
      else door.plumb({ ...base, nexthops: nodes.map((node) => ({ via: node.address, dev: device, weight: 1 })) });
      return [];
    },
    remove(door: BalancerDoor, service: Balanced) {
      door.plumb({ verb: "route-del", ns: door.fabric, dst: `${service.address}/32` });
    },
  });
}
