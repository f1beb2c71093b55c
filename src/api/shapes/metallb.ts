import { any, bool, int32, int64, list, record, text, type Shape } from "./shape.js";
import { labelSelector } from "./meta.js";

type Fields = Readonly<Record<string, Shape>>;

const selectors: Shape = list(labelSelector);
const advertised: Fields = { ipAddressPools: list(text), ipAddressPoolSelectors: selectors, nodeSelectors: selectors, serviceSelectors: selectors };

export const ipAddressPoolFields: Fields = {
  spec: record("IPAddressPoolSpec", { addresses: list(text), autoAssign: bool, avoidBuggyIPs: bool, serviceAllocation: any }, "addresses"),
  status: any,
};

export const l2AdvertisementFields: Fields = { spec: record("L2AdvertisementSpec", { ...advertised, interfaces: list(text), preferredNodeSelectors: any }), status: any };

export const bgpAdvertisementFields: Fields = {
  spec: record("BGPAdvertisementSpec", { ...advertised, aggregationLength: int32, aggregationLengthV6: int32, localPref: int64, communities: list(text), peers: list(text) }),
  status: any,
};

export const bgpPeerFields: Fields = {
  spec: record(
    "BGPPeerSpec",
    {
      myASN: int64,
      peerASN: int64,
      dynamicASN: text,
      peerAddress: text,
      interface: text,
      sourceAddress: text,
      peerPort: int32,
      holdTime: text,
      keepaliveTime: text,
      connectTime: text,
      routerID: text,
      nodeSelectors: selectors,
      password: text,
      passwordSecret: any,
      bfdProfile: text,
      enableGracefulRestart: bool,
      ebgpMultiHop: bool,
      vrf: text,
      disableMP: bool,
      dualStackAddressFamily: bool,
      localASN: int64,
    },
    "myASN",
  ),
  status: any,
};

export const communityFields: Fields = { spec: record("CommunitySpec", { communities: list(record("CommunityAlias", { name: text, value: text }, "name", "value")) }), status: any };
