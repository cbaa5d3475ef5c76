// A segment as a quad of constant width in pixels, with round ends and a soft border.
uniform mat4 clip_from_local;
uniform vec2 viewport;
uniform vec4 section;
uniform float nudge;
out vec2 v_at;
flat out float v_length;
flat out float v_half;
flat out vec4 v_colour;

const vec2 CORNERS[6] = vec2[6](vec2(0.0, -1.0), vec2(1.0, -1.0), vec2(1.0, 1.0), vec2(0.0, -1.0), vec2(1.0, 1.0), vec2(0.0, 1.0));

void segment(vec3 a, vec3 b, float width, vec4 colour) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    v_at = vec2(0.0);
    v_length = 0.0;
    v_half = 0.5 * width;
    v_colour = colour;
    if (width <= 0.0) return;
    // Cut by the section plane, then by the near plane; both cuts are exact, so no fragment need be discarded.
    float ca = dot(section.xyz, a) - section.w;
    float cb = dot(section.xyz, b) - section.w;
    if (ca > 0.0 && cb > 0.0) return;
    vec3 a0 = a;
    if (ca > 0.0) a = mix(a, b, ca / (ca - cb));
    if (cb > 0.0) b = mix(b, a0, cb / (cb - ca));
    vec4 pa = clip_from_local * vec4(a, 1.0);
    vec4 pb = clip_from_local * vec4(b, 1.0);
    float na = pa.z + pa.w;
    float nb = pb.z + pb.w;
    if (na < 0.0 && nb < 0.0) return;
    if (na < 0.0) pa = mix(pa, pb, na / (na - nb) * 1.0001);
    else if (nb < 0.0) pb = mix(pb, pa, nb / (nb - na) * 1.0001);
    vec3 sa = pa.xyz / pa.w;
    vec3 sb = pb.xyz / pb.w;
    vec2 along = (sb.xy - sa.xy) * 0.5 * viewport;
    v_length = length(along);
    along = v_length > 1e-3 ? along / v_length : vec2(1.0, 0.0);
    vec2 corner = CORNERS[gl_VertexID % 6];
    float reach = v_half + 1.0;
    vec2 offset = along * (2.0 * corner.x - 1.0) * reach + vec2(-along.y, along.x) * corner.y * reach;
    v_at = vec2(corner.x * v_length + (2.0 * corner.x - 1.0) * reach, corner.y * reach);
    vec3 p = mix(sa, sb, corner.x);
    gl_Position = vec4(p.xy + offset * 2.0 / viewport, p.z - nudge, 1.0);
}
