using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Gateway.Tests.Architecture;

/// <summary>The uses between the types of an assembly, read from its metadata and method bodies, for tests of the architecture.</summary>
/// <remarks>The compiler copies a constant into the code that uses it, so the use of a constant is not seen.</remarks>
internal static class FolderUses
{
    /// <summary>
    /// Every use of a type by one of another folder. A folder is a namespace below <paramref name="root"/>, with slashes.
    /// </summary>
    /// <param name="assembly">Path of the assembly.</param>
    /// <param name="root">Its root namespace.</param>
    public static IReadOnlyList<FolderUse> In(string assembly, string root)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        var uses = new HashSet<FolderUse>();
        foreach (var type in module.GetAllTypes())
        {
            if (FolderOf(type, root) is not { } folder)
                continue;
            foreach (var used in UsedBy(type))
            {
                if (FolderOf(used, root) is { } other && other != folder)
                    uses.Add(new FolderUse(folder, NameOf(type), other, NameOf(used)));
            }
        }
        return [.. uses.OrderBy(use => use.From).ThenBy(use => use.Type)];
    }

    /// <summary>The folders of all types of an assembly.</summary>
    public static IReadOnlyCollection<string> Folders(string assembly, string root)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return [.. module.GetAllTypes().Select(type => FolderOf(type, root)).OfType<string>().Distinct().Order()];
    }

    private static IEnumerable<TypeReference> UsedBy(TypeDefinition type)
    {
        var direct = new List<TypeReference?> { type.BaseType };
        direct.AddRange(type.Interfaces.Select(implemented => implemented.InterfaceType));
        direct.AddRange(type.Fields.Select(field => field.FieldType));
        direct.AddRange(type.CustomAttributes.Select(attribute => attribute.AttributeType));
        direct.AddRange(
            type.GenericParameters.SelectMany(parameter => parameter.Constraints.Select(constraint => constraint.ConstraintType)));
        foreach (var method in type.Methods)
        {
            direct.AddRange(Signature(method));
            if (!method.HasBody)
                continue;
            direct.AddRange(method.Body.Variables.Select(variable => variable.VariableType));
            direct.AddRange(method.Body.ExceptionHandlers.Select(handler => handler.CatchType));
            direct.AddRange(method.Body.Instructions.SelectMany(OperandTypes));
        }
        return direct.OfType<TypeReference>().SelectMany(Parts);
    }

    private static IEnumerable<TypeReference?> OperandTypes(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        MethodReference method => Signature(method).Append(method.DeclaringType),
        _ => [],
    };

    private static IEnumerable<TypeReference?> Signature(MethodReference method)
    {
        var types = method.Parameters.Select(parameter => parameter.ParameterType).Append(method.ReturnType);
        return method is GenericInstanceMethod generic ? types.Concat(generic.GenericArguments) : types;
    }

    /// <summary>A type and what it is made of: elements of arrays and references, arguments of generics.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Append(generic.ElementType),
        TypeSpecification specification => Parts(specification.ElementType),
        _ => [type],
    };

    private static string? FolderOf(TypeReference type, string root)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        string name = type.Namespace;
        return name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Replace('.', '/') : null;
    }

    /// <summary>The outermost type's name: nested ones include what the compiler makes of lambdas and async methods.</summary>
    private static string NameOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type.Name;
    }
}
