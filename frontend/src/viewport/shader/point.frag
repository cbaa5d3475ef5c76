uniform float radius;
in vec2 v_at;
in vec4 v_colour;
layout (location = 0) out vec4 colour;
void main() {
    float off = length(v_at);
    float alpha = clamp(radius + 0.5 - off, 0.0, 1.0) * v_colour.a;
    if (alpha < 0.004) discard;
    // A light border keeps it legible on its own colour.
    float border = smoothstep(radius - 2.0, radius - 1.0, off);
    colour = vec4(mix(v_colour.rgb, vec3(1.0), border * 0.9), alpha);
}
