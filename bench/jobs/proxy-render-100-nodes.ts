// The same for a hundred nodes that differ in name, zone and address, in a cluster where every hundredth Service keeps the client's
// address. What nodes have in common is rendered once, so this may take at most one and a half times as long as one node.
import { renderJob } from "./proxy-render.js";

export const job: ReturnType<typeof renderJob> = renderJob(100);
