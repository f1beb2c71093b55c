import type { DispatchRules } from "./dispatch-rules.js";
import type { ChainRules } from "./service-chains.js";

/** The rules of one Service port: how packets come to its chains, the chains before the choice, and the rest. */
export interface PortRules {
  readonly dispatch: DispatchRules;
  readonly service: ChainRules;
  readonly endpoints: ChainRules;
}
