/** What `conntrack -L` knows, for models that delete the flows they made stale. */
export { type Flow, listFlows } from "../nf/conntrack-list.js";
