import { writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Node, PropertyDeclaration, PropertySignatureDeclaration } from "typescript/unstable/ast";
import * as ast from "typescript/unstable/ast";
import { API, SymbolFlags } from "typescript/unstable/sync";
import type { Project, Symbol as TypeScriptSymbol } from "typescript/unstable/sync";

/** A name that an entry offers. */
export interface PublicName {
  readonly name: string;
  readonly kind: "value" | "type";
  readonly isDocumented: boolean;
  /** Room of `src` that declares it. */
  readonly room: string;
  /** Names of this package that its declaration needs. */
  readonly needs: readonly string[];
  /** Its properties that may be left out, but may not be `undefined`. */
  readonly strictlyOptional: readonly string[];
}

/**
 * Reads from the declarations of a built package what it offers.
 * @param folder Where `buildPackage` has put it.
 * @param entries Their declarations, relative to the folder.
 * @returns The names of each entry in alphabetical order.
 */
export async function readPublicFace<Entry extends string>(
  folder: string,
  entries: Readonly<Record<Entry, string>>,
): Promise<Record<Entry, readonly PublicName[]>> {
  const config = join(folder, "tsconfig.json");
  const compilerOptions = { module: "nodenext", target: "esnext", types: [], skipLibCheck: true, noEmit: true };
  await writeFile(config, JSON.stringify({ compilerOptions, files: Object.values(entries) }));
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProjects()[0]!;
    const face = Object.entries<string>(entries).map(([entry, file]) => [entry, readEntry(project, folder, file)]);
    return Object.fromEntries(face) as Record<Entry, readonly PublicName[]>;
  } finally {
    api.close();
  }
}

function readEntry(project: Project, folder: string, file: string): readonly PublicName[] {
  const { checker, program } = project;
  const source = program.getSourceFile(join(folder, file))!;
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(source)!).map((exported): PublicName => {
    const symbol = checker.getAliasedSymbol(exported);
    const declarations = symbol.declarations.map((handle) => handle.resolve(project)!);
    const nodes = declarations.flatMap(nodesOf);
    return {
      name: exported.name,
      kind: isOnlyType(exported.declarations[0]!.resolve(project)!) || declarations.every(isTypeDeclaration) ? "type" : "value",
      isDocumented: checker.getDocumentationCommentOfSymbol(symbol) !== "",
      room: roomOf(symbol, folder),
      needs: namesIn(nodes, project)
        .filter((named) => isOfPackage(named, project, folder))
        .map(({ name }) => name),
      strictlyOptional: nodes
        .filter(isProperty)
        .filter(isStrictlyOptional)
        .map(({ name }) => name.getText()),
    };
  });
  return names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A node and all below it. */
function nodesOf(node: Node): readonly Node[] {
  const nodes = [node];
  node.forEachChild((child) => void nodes.push(...nodesOf(child)));
  return nodes;
}

/** What the nodes name, besides type parameters. */
function namesIn(nodes: readonly Node[], { checker }: Project): readonly TypeScriptSymbol[] {
  const places = nodes.flatMap((node): readonly Node[] => {
    if (ast.isTypeReferenceNode(node)) return [node.typeName];
    if (ast.isExpressionWithTypeArguments(node)) return [node.expression];
    if (ast.isTypeQueryNode(node)) return [node.exprName];
    if (ast.isImportTypeNode(node)) return node.qualifier === undefined ? [] : [node.qualifier];
    return [];
  });
  if (places.length === 0) return [];
  return checker
    .getSymbolAtLocation(places)
    .filter((symbol) => symbol !== undefined)
    .map((symbol) => {
      return (symbol.flags & SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
    });
}

/** Whether the package declares it; a type parameter is nothing to export. */
function isOfPackage({ declarations }: TypeScriptSymbol, project: Project, folder: string): boolean {
  const [first] = declarations;
  return (
    first !== undefined && first.path.startsWith(join(folder, "dist", sep)) && !ast.isTypeParameterDeclaration(first.resolve(project)!)
  );
}

function roomOf({ declarations: [first] }: TypeScriptSymbol, folder: string): string {
  return relative(join(folder, "dist"), first!.path).split(sep)[0]!;
}

function isOnlyType(specifier: Node): boolean {
  const declaration = specifier.parent.parent;
  return ast.isExportDeclaration(declaration) && declaration.isTypeOnly;
}

function isTypeDeclaration(node: Node): boolean {
  return ast.isInterfaceDeclaration(node) || ast.isTypeAliasDeclaration(node);
}

function isProperty(node: Node): node is PropertyDeclaration | PropertySignatureDeclaration {
  return ast.isPropertyDeclaration(node) || ast.isPropertySignatureDeclaration(node);
}

function isStrictlyOptional({ postfixToken, type }: PropertyDeclaration | PropertySignatureDeclaration): boolean {
  if (postfixToken?.kind !== ast.SyntaxKind.QuestionToken || type === undefined) return false;
  return ![type, ...(ast.isUnionTypeNode(type) ? type.types : [])].some(({ kind }) => kind === ast.SyntaxKind.UndefinedKeyword);
}
