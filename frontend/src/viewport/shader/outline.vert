// Mesh edges inside a curved face, where it turns away from the eye. `eye.w` is 1 for a perspective eye, 0 for a direction.
uniform vec4 eye;
uniform float width;
uniform vec4 tint;
in vec3 a;
in vec3 b;
in ivec2 left;
in ivec2 right;
in uint face;
#ifdef FIELD
uniform float scale;
in vec3 move_a;
in vec3 move_b;
#endif

vec3 unfold(vec2 p) {
    vec3 n = vec3(p, 1.0 - abs(p.x) - abs(p.y));
    float fold = max(-n.z, 0.0);
    n.xy += vec2(n.x >= 0.0 ? -fold : fold, n.y >= 0.0 ? -fold : fold);
    return n;
}

void main() {
    vec3 p = a;
    vec3 q = b;
#ifdef FIELD
    p += scale * move_a;
    q += scale * move_b;
#endif
    vec3 towards = eye.xyz - eye.w * p;
    float l = dot(unfold(vec2(left) / 32767.0), towards);
    float r = dot(unfold(vec2(right) / 32767.0), towards);
    bool shown = l * r <= 0.0 && state(2 * int(face)).a > 0.5;
    segment(p, q, shown ? width : 0.0, tint);
}
