/**
 * Reflection: tells clients such as grpcurl and buf what services there are, by the descriptors that the generated code
 * carries, each file with all that it depends on. v1alpha has the same messages under another name.
 */
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { status as Status } from "@grpc/grpc-js";
import { Health } from "./generated/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "./generated/grpc/reflection/v1/reflection_pb.ts";
import { conversation, type Method } from "./method.ts";

const V1_ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

/** Tells of `services`, of health and of itself. Without a token, where tokens are used, it tells nothing. */
export function reflection(services: readonly DescService[]): Method[] {
  const catalogue = new Catalogue([...services, Health, ServerReflection]);
  const method = conversation(
    ServerReflection.method.serverReflectionInfo,
    { needs: "token", isLarge: true },
    (originalRequest) => ({ originalRequest, messageResponse: catalogue.answer(originalRequest) }),
  );
  return [method, { ...method, path: V1_ALPHA }];
}

class Catalogue {
  readonly #services: readonly DescService[];
  /** By path. */
  readonly #files = new Map<string, DescFile>();
  /** The file of each service, method, message and enum. */
  readonly #symbols = new Map<string, DescFile>();

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const { file } of services) this.#add(file);
  }

  answer({ messageRequest }: ServerReflectionRequest) {
    switch (messageRequest.case) {
      case "listServices":
        return {
          case: "listServicesResponse" as const,
          value: { service: this.#services.map(({ typeName: name }) => ({ name })) },
        };
      case "fileByFilename":
        return this.#withFile(this.#files.get(messageRequest.value), messageRequest.value);
      case "fileContainingSymbol":
        return this.#withFile(this.#symbols.get(messageRequest.value), messageRequest.value);
      case "allExtensionNumbersOfType":
      case "fileContainingExtension":
        return failure(Status.NOT_FOUND, "there are no extensions");
      default:
        return failure(Status.INVALID_ARGUMENT, "the request asks for nothing");
    }
  }

  #withFile(file: DescFile | undefined, name: string) {
    if (file === undefined) return failure(Status.NOT_FOUND, `there is no ${name}`);
    const fileDescriptorProto = [...withDependencies(file)].map(({ proto }) =>
      toBinary(FileDescriptorProtoSchema, proto),
    );
    return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
  }

  #add(root: DescFile): void {
    for (const file of withDependencies(root)) {
      this.#files.set(file.proto.name, file);
      for (const service of file.services) {
        this.#symbols.set(service.typeName, file);
        for (const { name } of service.methods) this.#symbols.set(`${service.typeName}.${name}`, file);
      }
      for (const type of [...file.enums, ...file.messages.flatMap(withNested)])
        this.#symbols.set(type.typeName, file);
    }
  }
}

function failure(errorCode: Status, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}

/** The file, and behind it all that it needs. */
function withDependencies(file: DescFile, found: Set<DescFile> = new Set()): ReadonlySet<DescFile> {
  if (found.has(file)) return found;
  found.add(file);
  for (const dependency of file.dependencies) withDependencies(dependency, found);
  return found;
}

type Typed = { readonly typeName: string };

function withNested(message: DescFile["messages"][number]): Typed[] {
  return [message, ...message.nestedEnums, ...message.nestedMessages.flatMap(withNested)];
}
