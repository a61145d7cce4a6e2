using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace McpGovern.Tests.House;

/// <summary>Gathers the type definitions and references that signatures and tokens lead to.</summary>
internal sealed class HandleCollector(MetadataReader reader) : ISignatureTypeProvider<HandleCollector.Nothing, HandleCollector.Nothing>
{
    internal readonly record struct Nothing;

    public HashSet<EntityHandle> Types { get; } = [];

    public void Add(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition or HandleKind.TypeReference:
                Types.Add(handle);
                break;
            case HandleKind.TypeSpecification:
                reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, default);
                break;
            case HandleKind.FieldDefinition:
                Add(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MethodDefinition:
                Add(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MethodSpecification:
                var instance = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                instance.DecodeSignature(this, default);
                Add(instance.Method);
                break;
            case HandleKind.MemberReference:
                AddMember(reader.GetMemberReference((MemberReferenceHandle)handle));
                break;
            case HandleKind.StandaloneSignature:
                reader.GetStandaloneSignature((StandaloneSignatureHandle)handle).DecodeLocalSignature(this, default);
                break;
        }
    }

    private void AddMember(MemberReference member)
    {
        Add(member.Parent);
        if (member.GetKind() == MemberReferenceKind.Field)
        {
            member.DecodeFieldSignature(this, default);
        }
        else
        {
            member.DecodeMethodSignature(this, default);
        }
    }

    public Nothing GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => Seen(handle);
    public Nothing GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Seen(handle);
    public Nothing GetTypeFromSpecification(MetadataReader reader, Nothing context, TypeSpecificationHandle handle, byte rawTypeKind) => Seen(handle);
    public Nothing GetArrayType(Nothing elementType, ArrayShape shape) => default;
    public Nothing GetByReferenceType(Nothing elementType) => default;
    public Nothing GetFunctionPointerType(MethodSignature<Nothing> signature) => default;
    public Nothing GetGenericInstantiation(Nothing genericType, ImmutableArray<Nothing> typeArguments) => default;
    public Nothing GetGenericMethodParameter(Nothing genericContext, int index) => default;
    public Nothing GetGenericTypeParameter(Nothing genericContext, int index) => default;
    public Nothing GetModifiedType(Nothing modifier, Nothing unmodifiedType, bool isRequired) => default;
    public Nothing GetPinnedType(Nothing elementType) => default;
    public Nothing GetPointerType(Nothing elementType) => default;
    public Nothing GetPrimitiveType(PrimitiveTypeCode typeCode) => default;
    public Nothing GetSZArrayType(Nothing elementType) => default;

    private Nothing Seen(EntityHandle handle)
    {
        Add(handle);
        return default;
    }
}
