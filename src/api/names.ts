/*
 * Rules for names, labels and port names, in the API server's words. Each function returns the faults
 * of a text, none when it is well formed.
 * Read first: k8s.io/apimachinery pkg/util/validation/validation.go.
 */

const labelForm = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainForm = `${labelForm}(\\.${labelForm})*`;
const label1035Form = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedForm = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValueForm = `(${qualifiedForm})?`;
const wildcardForm = `\\*\\.${subdomainForm}`;
const configKeyForm = "[-._a-zA-Z0-9]+";

const whole = (form: string): RegExp => new RegExp(`^(?:${form})$`);
const labelPattern: RegExp = whole(labelForm);
const subdomainPattern: RegExp = whole(subdomainForm);
const label1035Pattern: RegExp = whole(label1035Form);
const qualifiedPattern: RegExp = whole(qualifiedForm);
const labelValuePattern: RegExp = whole(labelValueForm);
const wildcardPattern: RegExp = whole(wildcardForm);
const configKeyPattern: RegExp = whole(configKeyForm);
const envNamePattern: RegExp = /^[ -<>-~]+$/;

/** `must be no more than 63 characters` when a text is longer than that. */
export function tooLong(text: string, limit: number): readonly string[] {
  return text.length > limit ? [`must be no more than ${limit} characters`] : [];
}

function regexFault(sentence: string, form: string, ...examples: readonly string[]): string {
  const shown = examples.map((each) => `'${each}', `).join(" or ");
  return `${sentence} (e.g. ${shown}regex used for validation is '${form}')`;
}

/** RFC 1123 label: container names, namespaces, port names of Services. */
export function dnsLabelFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 63)];
  if (!labelPattern.test(text)) {
    const sentence =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    faults.push(regexFault(sentence, labelForm, "my-name", "123-abc"));
  }
  return faults;
}

/** DNS-1035 label: names of Services. */
export function dns1035LabelFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 63)];
  if (!label1035Pattern.test(text)) {
    const sentence =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    faults.push(regexFault(sentence, label1035Form, "my-name", "abc-123"));
  }
  return faults;
}

/** RFC 1123 subdomain: names of most objects. */
export function dnsSubdomainFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 253)];
  if (!subdomainPattern.test(text)) {
    const sentence =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    faults.push(regexFault(sentence, subdomainForm, "example.com"));
  }
  return faults;
}

/** A host with a wildcard as its first label: Ingress hosts. */
export function wildcardSubdomainFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 253)];
  if (!wildcardPattern.test(text)) {
    const sentence =
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
    faults.push(regexFault(sentence, wildcardForm, "*.example.com"));
  }
  return faults;
}

/** A label key: an optional DNS prefix and `/`, then a name of at most 63 characters. */
export function labelKeyFaults(text: string): readonly string[] {
  const faults: string[] = [];
  const parts = text.split("/");
  let name = parts[0] ?? "";
  if (parts.length === 2) {
    const prefix = name;
    name = parts[1] ?? "";
    if (prefix === "") faults.push("prefix part must be non-empty");
    else faults.push(...dnsSubdomainFaults(prefix).map((fault) => `prefix part ${fault}`));
  } else if (parts.length > 2) {
    const sentence =
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    const fault = regexFault(sentence, qualifiedForm, "MyName", "my.name", "123-abc");
    return [`${fault} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  if (name === "") faults.push("name part must be non-empty");
  else faults.push(...tooLong(name, 63).map((fault) => `name part ${fault}`));
  if (!qualifiedPattern.test(name)) {
    const sentence =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    faults.push(regexFault(sentence, qualifiedForm, "MyName", "my.name", "123-abc"));
  }
  return faults;
}

/** A label value, which may be empty. */
export function labelValueFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 63)];
  if (!labelValuePattern.test(text)) {
    const sentence =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    faults.push(regexFault(sentence, labelValueForm, "MyValue", "my_value", "12345"));
  }
  return faults;
}

/** A port name (IANA service name): container ports, named target ports, ports of policies. */
export function portNameFaults(text: string): readonly string[] {
  const faults: string[] = [];
  if (text.length > 15) faults.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(text)) faults.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) faults.push("must contain at least one letter (a-z)");
  if (text.includes("--")) faults.push("must not contain consecutive hyphens");
  if (text !== "" && (text.startsWith("-") || text.endsWith("-"))) faults.push("must not begin or end with a hyphen");
  return faults;
}

/** `must be between 1 and 65535, inclusive` when a number is no port. */
export function portNumberFaults(port: number): readonly string[] {
  return port >= 1 && port <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** A key of a ConfigMap or Secret. */
export function configKeyFaults(text: string): readonly string[] {
  const faults = [...tooLong(text, 253)];
  if (!configKeyPattern.test(text)) {
    const sentence = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    faults.push(regexFault(sentence, configKeyForm, "key.name", "KEY_NAME", "key-name"));
  }
  if (text === ".") faults.push("must not be '.'");
  if (text === "..") faults.push("must not be '..'");
  else if (text.startsWith("..")) faults.push("must not start with '..'");
  return faults;
}

/** The name of an environment variable: printable ASCII without `=` since v1.30. */
export function envNameFaults(text: string): readonly string[] {
  if (envNamePattern.test(text)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}
