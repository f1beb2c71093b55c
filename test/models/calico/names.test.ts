/** Names and MACs against the examples that Calico's own documents and sources give. */
import { expect, test } from "vitest";
import { vtepMac, workloadInterface } from "../../../src/models/cni/calico/calico-names.js";

test("a pod's host end is named by SHA-1 of namespace and name", () => expect(workloadInterface("default/nginx")).toBe("calic440f455693"));

test("the MAC of vxlan.calico is made of the node's name", () => expect(vtepMac("node-1")).toBe("66:b3:68:28:39:8e"));
