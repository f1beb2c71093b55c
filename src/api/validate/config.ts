/* ConfigMap, Secret and ServiceAccount. Read first: k8s.io/kubernetes pkg/apis/core/validation/validation.go. */
import type { ConfigMap, Secret, ServiceAccount } from "../core.js";
import { configKeyFaults, dnsSubdomainFaults } from "../names.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

const largest = 1024 * 1024;

const keysOfType: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

export function checkConfigMap(faults: Faults, { metadata, data = {}, binaryData = {} }: ConfigMap): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    faults.invalidEach(`data[${key}]`, key, configKeyFaults(key));
    if (Object.hasOwn(binaryData, key)) faults.invalid(`data[${key}]`, key, "duplicate of key present in binaryData");
    size += value.length;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    faults.invalidEach(`binaryData[${key}]`, key, configKeyFaults(key));
    size += Math.floor((value.length * 3) / 4);
  }
  if (size > largest) faults.tooLong("", largest);
}

export function checkSecret(faults: Faults, { metadata, type = "Opaque", data = {}, stringData = {} }: Secret): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  let size = 0;
  for (const [key, value] of Object.entries({ ...data, ...stringData })) {
    const at = Object.hasOwn(stringData, key) ? `stringData[${key}]` : `data[${key}]`;
    faults.invalidEach(`data[${key}]`, key, configKeyFaults(key), at);
    size += value.length;
  }
  if (size > largest) faults.tooLong("data", largest);

  const wanted = Object.hasOwn(keysOfType, type) ? (keysOfType[type] ?? []) : [];
  for (const key of wanted) {
    if (!Object.hasOwn(data, key) && !Object.hasOwn(stringData, key)) faults.required(`data[${key}]`);
  }
}

export function checkServiceAccount(faults: Faults, { metadata }: ServiceAccount): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
}
