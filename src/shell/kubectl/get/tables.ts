/** The table of each kind, and rows of objects. */
import type { Kind, KubeObject } from "../../../api/index.js";
import { ageText } from "../output/time.js";
import { configMapTable, leaseTable, namespaceTable, nodeTable, podTable, secretTable, serviceAccountTable } from "./core-tables.js";
import { eventTable } from "./event-table.js";
import { bgpAdvertisementTable, bgpPeerTable, ipAddressPoolTable, l2AdvertisementTable } from "./metallb-tables.js";
import { endpointSliceTable, endpointsTable, ingressClassTable, ingressTable, networkPolicyTable, serviceTable } from "./network-tables.js";
import type { CellContext, Row, TableKind } from "./table.js";
import { cronJobTable, daemonSetTable, deploymentTable, jobTable, replicaSetTable, replicationControllerTable, statefulSetTable } from "./workload-tables.js";

/** What a resource without columns of its own shows. */
const plainTable: TableKind<KubeObject> = {
  columns: ["Name", "Age"],
  cells: (object, { now }) => [object.metadata.name, ageText(now, object.metadata.creationTimestamp)],
};

const priorityTable: TableKind<KubeObject> = {
  columns: ["Name", "Priority", "Age"],
  cells(object, { now }) {
    const { priority } = (object as { readonly spec?: { readonly priority?: number } }).spec ?? {};
    return [object.metadata.name, priority === undefined ? "" : String(priority), ageText(now, object.metadata.creationTimestamp)];
  },
};

const TABLES: Readonly<Record<Kind, TableKind<never>>> = Object.freeze({
  AdminNetworkPolicy: priorityTable,
  BGPAdvertisement: bgpAdvertisementTable,
  BGPPeer: bgpPeerTable,
  BaselineAdminNetworkPolicy: plainTable,
  CalicoNetworkPolicy: plainTable,
  ClusterNetworkPolicy: priorityTable,
  Community: plainTable,
  ConfigMap: configMapTable,
  CronJob: cronJobTable,
  DaemonSet: daemonSetTable,
  Deployment: deploymentTable,
  EndpointSlice: endpointSliceTable,
  Endpoints: endpointsTable,
  Event: eventTable,
  GlobalNetworkPolicy: plainTable,
  HostEndpoint: plainTable,
  IPAddressPool: ipAddressPoolTable,
  Ingress: ingressTable,
  IngressClass: ingressClassTable,
  Job: jobTable,
  L2Advertisement: l2AdvertisementTable,
  Lease: leaseTable,
  Namespace: namespaceTable,
  NetworkPolicy: networkPolicyTable,
  Node: nodeTable,
  Pod: podTable,
  ReplicaSet: replicaSetTable,
  ReplicationController: replicationControllerTable,
  Secret: secretTable,
  Service: serviceTable,
  ServiceAccount: serviceAccountTable,
  StatefulSet: statefulSetTable,
  Tier: plainTable,
});

/** The columns of a kind. */
export function columnsOf(kind: Kind, wide: boolean): readonly string[] {
  const { columns, wide: more = [], all = [...columns, ...more] } = TABLES[kind];
  return wide ? all : columns;
}

/** One line: its cells, of which a `Name` column is written as `name`. */
export function rowOf(object: KubeObject, context: CellContext, name: string = object.metadata.name): Row {
  const table = TABLES[object.kind] as TableKind<KubeObject>;
  const { columns, wide: more = [], all = [...columns, ...more] } = table;
  const cells = table.cells(object, context);
  const shown = context.wide ? all : columns;
  return { object, cells: shown.map((column) => (column === "Name" ? name : (cells[all.indexOf(column)] ?? ""))) };
}
